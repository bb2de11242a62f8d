{{- define "marketsync.labels" -}}
app.kubernetes.io/name: marketsync
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "marketsync.meta" -}}
name: {{ .root.Release.Name }}-{{ .role }}
labels:
  {{- include "marketsync.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The pod of any role. root, role, args, secret (name or ""), resources, port (0 = metrics only), env (list), restart. */}}
{{- define "marketsync.pod" -}}
metadata:
  labels:
    {{- include "marketsync.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ toYaml .root.Values.config | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
  {{- with .restart }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: {type: RuntimeDefault}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "marketsync.labels" . | nindent 10 }}
  containers:
    - name: {{ .role }}
      image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ toJson .args }}
      envFrom:
        - configMapRef: {name: {{ .root.Release.Name }}-config}
        - secretRef: {name: {{ .root.Values.secrets.all }}}
        {{- with .secret }}
        - secretRef: {name: {{ . }}}
        {{- end }}
      {{- with .env }}
      env: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources: {{- toYaml .resources | nindent 8 }}
      {{- if not .restart }}
      ports:
        - {name: metrics, containerPort: 9464}
        {{- if .port }}
        - {name: http, containerPort: {{ .port }}}
        {{- end }}
      # A restart heals what /health/live tells; what /health/ready tells, waiting heals.
      startupProbe: {httpGet: {path: /health/live, port: metrics}, periodSeconds: 3, failureThreshold: 40}
      livenessProbe: {httpGet: {path: /health/live, port: metrics}, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4}
      {{- if .port }}
      readinessProbe: {httpGet: {path: /health/ready, port: metrics}, periodSeconds: 5, timeoutSeconds: 5}
      {{- end }}
      {{- end }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if .root.Values.tlsSecret }}
        - {name: tls, mountPath: /etc/marketsync/tls, readOnly: true}
        {{- end }}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
    {{- with .root.Values.tlsSecret }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
{{- end }}

{{/* How many may be away at once. */}}
{{- define "marketsync.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "marketsync.meta" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "marketsync.labels" . | nindent 6 }}
{{- end }}

{{/* Grows by CPU. kind, role, least, autoscaling. */}}
{{- define "marketsync.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "marketsync.meta" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ .kind }}, name: {{ .root.Release.Name }}-{{ .role }}}
  minReplicas: {{ .least }}
  maxReplicas: {{ max .autoscaling.maxReplicas .least }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ .autoscaling.targetCPU }}}}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 120
      policies: [{type: Pods, value: 1, periodSeconds: 120}]
    scaleDown:
      stabilizationWindowSeconds: 1800
      policies: [{type: Pods, value: 1, periodSeconds: 600}]
{{- end }}
