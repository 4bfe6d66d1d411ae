{{ define "deep.cm" }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: from-deep
{{ end }}
