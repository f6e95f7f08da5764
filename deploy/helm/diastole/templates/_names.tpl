{{/* What things are called and labelled. */}}
{{- define "diastole.name" -}}
{{- if contains "diastole" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-diastole" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "diastole.selector" -}}
app.kubernetes.io/name: diastole
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "diastole.labels" -}}
{{ include "diastole.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "diastole.tokenSecret" -}}
{{ .Values.admin.tokenSecretName | default (printf "%s-admin" (include "diastole.name" .)) }}
{{- end }}

{{/* The port on which Dovecot tells of new mail, if there is one. */}}
{{- define "diastole.dovecot" -}}
{{ dig "wake" "dovecot" "listen" "" .Values.config | regexFind "[0-9]+$" }}
{{- end }}
