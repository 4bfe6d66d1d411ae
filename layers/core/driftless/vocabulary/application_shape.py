"""The fields of an Application and their types, as `schema.check` reads them (argo-behaviour, section 1.1).

What Argo CD leaves to its CRD is here: a field that is not listed is unknown and warns, a value of another type is
refused with its path.
"""

from typing import Any

from driftless.vocabulary.schema import MapOf

_NAMED_VALUE = {"name": "string", "value": "any", "forceString": "boolean", "path": "string", "code": "boolean"}
_HELM: dict[str, Any] = {
    "valueFiles": ["string"],
    "values": "string",
    "valuesObject": "any",
    "parameters": [_NAMED_VALUE],
    "fileParameters": [_NAMED_VALUE],
    "releaseName": "string",
    "version": "string",
    "passCredentials": "boolean",
    "ignoreMissingValueFiles": "boolean",
    "skipCrds": "boolean",
    "skipTests": "boolean",
    "skipSchemaValidation": "boolean",
    "namespace": "string",
    "kubeVersion": "string",
    "apiVersions": ["string"],
}
_KUSTOMIZE = {
    "namePrefix": "string",
    "nameSuffix": "string",
    "images": ["string"],
    "replicas": [{"name!": "string", "count!": "int-or-string"}],
    "commonLabels": MapOf("string"),
    "commonAnnotations": MapOf("string"),
    "forceCommonLabels": "boolean",
    "forceCommonAnnotations": "boolean",
    "commonAnnotationsEnvsubst": "boolean",
    "labelWithoutSelector": "boolean",
    "labelIncludeTemplates": "boolean",
    "namespace": "string",
    "patches": [{"path": "string", "patch": "string", "target": MapOf("string"), "options": MapOf("boolean")}],
    "components": ["string"],
    "ignoreMissingComponents": "boolean",
    "version": "string",
    "kubeVersion": "string",
    "apiVersions": ["string"],
}
_DIRECTORY = {
    "recurse": "boolean",
    "include": "string",
    "exclude": "string",
    "disableExtensionFilter": "boolean",
    "jsonnet": {"extVars": [_NAMED_VALUE], "tlas": [_NAMED_VALUE], "libs": ["string"]},
}
_SOURCE = {
    "repoURL!": "string",
    "path": "string",
    "chart": "string",
    "targetRevision": "string",
    "ref": "string",
    "name": "string",
    "tagPrefix": "string",
    "helm": _HELM,
    "kustomize": _KUSTOMIZE,
    "directory": _DIRECTORY,
    "plugin": {"name": "string", "env": [_NAMED_VALUE], "parameters": "any"},
}
_AUTOMATED = {"enabled": "boolean", "prune": "boolean", "selfHeal": "boolean", "allowEmpty": "boolean"}
RETRY = {
    "limit": "integer",
    "refresh": "boolean",
    "backoff": {"duration": "int-or-string", "factor": "integer", "maxDuration": "int-or-string"},
}
_SPEC = {
    "project": "string",
    "source": _SOURCE,
    "sources": [_SOURCE],
    "sourceHydrator": "any",
    "destination!": {"server": "string", "name": "string", "namespace": "string"},
    "syncPolicy": {
        "automated": _AUTOMATED,
        "syncOptions": ["string"],
        "retry": RETRY,
        "managedNamespaceMetadata": {"labels": MapOf("string"), "annotations": MapOf("string")},
    },
    "ignoreDifferences": [
        {
            "group": "string",
            "kind!": "string",
            "name": "string",
            "namespace": "string",
            "jsonPointers": ["string"],
            "jqPathExpressions": ["string"],
            "managedFieldsManagers": ["string"],
        }
    ],
    "info": [{"name": "string", "value": "string"}],
    "revisionHistoryLimit": "integer",
}
APPLICATION = {
    "apiVersion!": "string",
    "kind!": "string",
    "metadata!": "any",
    "spec!": _SPEC,
    "status": "any",
    "operation": "any",
}
