{{ define "lib.cm" }}{{ include "deep.cm" . }}{{ end }}
