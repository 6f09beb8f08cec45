{{/* What the chart is called in labels. */}}
{{- define "fairway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* How the names of its objects begin; room is left for what stands behind it. */}}
{{- define "fairway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "fairway.controllerName" -}}
{{ include "fairway.fullname" . }}-controller
{{- end }}

{{/* What the Pods of the controller are found by: nothing that changes with a version. */}}
{{- define "fairway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fairway.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: controller
{{- end }}

{{/* Labels of an object: those of the chart, then those of the list's further members, of which earlier ones win. */}}
{{- define "fairway.labels" -}}
{{- $root := first . }}
{{- $labels := dict
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" (include "fairway.name" $root)
  "app.kubernetes.io/instance" $root.Release.Name
  "app.kubernetes.io/version" (default $root.Chart.AppVersion $root.Values.image.tag | replace "+" "_" | trunc 63 | trimAll "-_.")
  "app.kubernetes.io/part-of" "fairway"
  "app.kubernetes.io/managed-by" $root.Release.Service
}}
{{- range rest . }}
{{- $labels = merge $labels (default (dict) .) }}
{{- end }}
{{- merge $labels (default (dict) $root.Values.commonLabels) | toYaml }}
{{- end }}

{{- define "fairway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "fairway.controllerName" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is empty: with serviceAccount.create=false it has to name the account of the controller" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* REPOSITORY:TAG or REPOSITORY@DIGEST of a dict with image and version. */}}
{{- define "fairway.imageOf" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (default .version .image.tag) }}
{{- end }}
{{- end }}

{{- define "fairway.image" -}}
{{ include "fairway.imageOf" (dict "image" .Values.image "version" .Chart.AppVersion) }}
{{- end }}

{{/* A tag or digest of its own stands beside the repository of the other, never the other's digest beside its own tag. */}}
{{- define "fairway.waypointImage" -}}
{{- $own := .Values.waypoint.image }}
{{- $names := pick .Values.image "tag" "digest" }}
{{- if or $own.repository $own.tag $own.digest }}
{{- $names = pick $own "tag" "digest" }}
{{- end }}
{{- $image := merge (dict "repository" (default .Values.image.repository $own.repository)) $names }}
{{- include "fairway.imageOf" (dict "image" $image "version" .Chart.AppVersion) }}
{{- end }}

{{/* "yes" where a GatewayClass of our name is there that is not of this release. A kind that is not there cannot be looked up. */}}
{{- define "fairway.isForeignClass" -}}
{{- if .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1/GatewayClass" }}
{{- with lookup "gateway.networking.k8s.io/v1" "GatewayClass" "" "fairway-waypoint" }}
{{- $of := dig "metadata" "annotations" (dict) . }}
{{- $owner := printf "%s/%s" (get $of "meta.helm.sh/release-namespace") (get $of "meta.helm.sh/release-name") }}
{{- if ne $owner (printf "%s/%s" $.Release.Namespace $.Release.Name) }}yes{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where and as whom Pods of the release run: fields of their spec. */}}
{{- define "fairway.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.controller }}
{{- with .podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Annotations of what is there only before an upgrade, by its place among others of its kind. */}}
{{- define "fairway.hook" -}}
helm.sh/hook: pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* Flags of fairway run for waypoints, as a list of JSON. Values of an older chart that are used again may lack any of these. */}}
{{- define "fairway.waypointFlags" -}}
{{- $flags := list }}
{{- with .Values.waypoint.accessLog }}
{{- if .encoding }}
{{- $flags = append $flags (printf "--access-log=%s" .encoding) }}
{{- with .format }}
{{- $flags = append $flags (printf "--access-log-format=%s" .) }}
{{- end }}
{{- with .filter }}
{{- $flags = append $flags (printf "--access-log-filter=%s" .) }}
{{- end }}
{{- else if or .format .filter }}
{{- fail "waypoint.accessLog has a format or a filter, and no encoding: set waypoint.accessLog.encoding to json or text" }}
{{- end }}
{{- if kindIs "bool" .decisions }}
{{- $flags = append $flags "--authz-log=off" }}
{{- else if not (kindIs "invalid" .decisions) }}
{{- $flags = append $flags (printf "--authz-log=%v" .decisions) }}
{{- end }}
{{- end }}
{{- with .Values.waypoint.flowLog }}
{{- if .to }}
{{- $flags = append $flags (printf "--flow-log=%s" .to) }}
{{- with .filter }}
{{- $flags = append $flags (printf "--flow-log-filter=%s" .) }}
{{- end }}
{{- else if .filter }}
{{- fail "waypoint.flowLog has a filter, and goes nowhere: set waypoint.flowLog.to to /dev/stdout or otlp" }}
{{- end }}
{{- end }}
{{- with .Values.waypoint.tracing }}
{{- with .endpoint }}
{{- $flags = append $flags (printf "--otlp-endpoint=%s" .) }}
{{- end }}
{{- with .protocol }}
{{- $flags = append $flags (printf "--otlp-protocol=%s" .) }}
{{- end }}
{{- if not (kindIs "invalid" .samplingPercent) }}
{{- $flags = append $flags (printf "--trace-sampling=%v" .samplingPercent) }}
{{- end }}
{{- if .errors }}
{{- $flags = append $flags "--trace-errors" }}
{{- end }}
{{- with .propagators }}
{{- $flags = append $flags (printf "--trace-propagators=%s" .) }}
{{- end }}
{{- end }}
{{- range .Values.waypoint.args }}
{{- $flags = append $flags . }}
{{- end }}
{{- $flags | toJson }}
{{- end }}
