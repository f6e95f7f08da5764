{{/* diastole.yaml: what the values say, and over it what the chart has to say. */}}
{{- define "diastole.config" -}}
{{- $own := dict "listen" ":8443" "drain" (printf "%ds" (int .Values.drainSeconds)) }}
{{- $_ := set $own "admin" (dict "listen" ":9180" "token_file" "/run/secrets/diastole/admin/token") }}
{{- if .Values.tls.secretName }}
{{- $_ := set $own "tls" (dict "cert" "/run/secrets/diastole/tls/tls.crt" "key" "/run/secrets/diastole/tls/tls.key") }}
{{- end }}
{{- if .Values.service.proxyProtocolFrom }}
{{- $_ := set $own "proxy_protocol" (dict "trusted" .Values.service.proxyProtocolFrom) }}
{{- end }}
{{- if eq .Values.state.kind "volume" }}
{{- $_ := set $own "state" (dict "path" "/var/lib/diastole/state.db") }}
{{- else if eq .Values.state.kind "redis" }}
{{- $redis := dict "redis" .Values.state.redis.url "key_file" "/run/secrets/diastole/key/key" }}
{{- if .Values.state.redis.passwordSecretName }}{{ $_ := set $redis "password_file" "/run/secrets/diastole/redis/password" }}{{ end }}
{{- $_ := set $own "state" $redis }}
{{- end }}
{{- mergeOverwrite (deepCopy .Values.config) $own | toYaml }}
{{- end }}
