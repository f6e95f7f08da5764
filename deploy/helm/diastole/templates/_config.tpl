{{/* diastole.yaml: what the values say, and over it what the chart has to say. */}}
{{- define "diastole.config" -}}
{{- if and (gt (int .Values.replicas) 1) (ne .Values.state.kind "redis") }}
{{- fail (printf "replicas: %d would not know of each other, and what one remembers of a phone is old when it has been at another: set state.kind to redis, or replicas to 1" (int .Values.replicas)) }}
{{- end }}
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
{{- if .Values.state.redis.cluster }}{{ $_ := set $redis "cluster" true }}{{ end }}
{{- if .Values.state.redis.ca }}{{ $_ := set $redis "ca" .Values.state.redis.ca }}{{ end }}
{{- $_ := set $own "state" $redis }}
{{- end }}
{{- mergeOverwrite (deepCopy .Values.config) $own | toYaml }}
{{- end }}
