{{/* The pod, of a StatefulSet or a Deployment. */}}
{{- define "diastole.pod" -}}
metadata:
  labels:
    {{- include "diastole.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Another configuration is another pod: each in its turn is drained.
    checksum/config: {{ include "diastole.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  # preStop, the drain, and what is saved after it: a pod that is killed earlier cuts
  # the waits that the drain is for.
  terminationGracePeriodSeconds: {{ add 5 (int .Values.drainSeconds) 15 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
  # A node that fails should not take all phones with it.
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{ include "diastole.selector" . | nindent 10 }}
  containers:
    - name: diastole
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve, --config, /etc/diastole/diastole.yaml]
      ports:
        - {name: phones, containerPort: 8443}
        - {name: admin, containerPort: 9180}
        {{- with include "diastole.dovecot" . }}
        - {name: dovecot, containerPort: {{ . }}}
        {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      {{- with .Values.resources }}
      resources: {{ toYaml . | nindent 8 }}
      {{- end }}
      # By the program itself: the admin port wants a token, which kubelets do not have.
      startupProbe:
        exec: {command: {{ include "diastole.health" (list "--live") }}}
        periodSeconds: 2
        failureThreshold: 30
        timeoutSeconds: 5
      livenessProbe:
        exec: {command: {{ include "diastole.health" (list "--live") }}}
        periodSeconds: 20
        failureThreshold: 3
        timeoutSeconds: 10
      readinessProbe:
        exec: {command: {{ include "diastole.health" list }}}
        periodSeconds: 5
        failureThreshold: 1
        timeoutSeconds: 5
      lifecycle:
        # Balancers hear of the end at the same moment as the pod: until they act on it
        # connections are still taken.
        preStop:
          sleep: {seconds: 5}
      volumeMounts:
        - {name: config, mountPath: /etc/diastole, readOnly: true}
        - {name: admin, mountPath: /run/secrets/diastole/admin, readOnly: true}
        {{- if .Values.tls.secretName }}
        - {name: tls, mountPath: /run/secrets/diastole/tls, readOnly: true}
        {{- end }}
        {{- if .Values.filesSecretName }}
        - {name: files, mountPath: /run/secrets/diastole/files, readOnly: true}
        {{- end }}
        {{- if eq .Values.state.kind "volume" }}
        - {name: state, mountPath: /var/lib/diastole}
        {{- end }}
        {{- if and (eq .Values.state.kind "redis") .Values.state.redis.passwordSecretName }}
        - {name: redis, mountPath: /run/secrets/diastole/redis, readOnly: true}
        {{- end }}
        {{- if eq .Values.state.kind "redis" }}
        - {name: key, mountPath: /run/secrets/diastole/key, readOnly: true}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "diastole.name" . }}}
    - name: admin
      secret: {secretName: {{ include "diastole.tokenSecret" . }}, defaultMode: 0440}
    {{- with .Values.tls.secretName }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.filesSecretName }}
    - name: files
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- if eq .Values.state.kind "redis" }}
    {{- with .Values.state.redis.passwordSecretName }}
    - name: redis
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    - name: key
      secret: {secretName: {{ .Values.state.redis.keySecretName }}, defaultMode: 0440}
    {{- end }}
{{- end }}

{{- define "diastole.health" -}}
{{ concat (list "/diastole" "health") . (list "--token-file" "/run/secrets/diastole/admin/token") | toJson }}
{{- end }}
