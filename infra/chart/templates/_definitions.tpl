{{/* The image of the agent. */}}
{{- define "berth.image" -}}
{{- $image := .Values.image -}}
{{- printf "%s/%s" (trimSuffix "/" .Values.imagePrefix) $image.repository -}}
{{- if or $image.tag (not $image.digest) }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{- define "berth.labels" -}}
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "berth.secret" -}}
{{ .Values.existingSecret | default "berth-agent" }}
{{- end }}

{{/* ConfigMap with the authorities; empty: the public ones. */}}
{{- define "berth.authorities" -}}
{{- if .Values.authorities.pem }}berth-agent-authorities{{ else }}{{ .Values.authorities.existingConfigMap }}{{ end -}}
{{- end }}

{{/* How a pod gets out. The client library would ask an HTTP proxy for the API server, too. */}}
{{- define "berth.httpProxy" -}}
- name: HTTPS_PROXY
  value: {{ .Values.httpProxy.url | quote }}
- name: NO_PROXY
  value: {{ concat (list "$(KUBERNETES_SERVICE_HOST)" ".svc" ".cluster.local") .Values.httpProxy.noProxy | join "," | quote }}
{{- end }}

{{/* Where a pod may be put; empty: anywhere. */}}
{{- define "berth.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What the agent adds to the proxy's pod, as JSON. */}}
{{- define "berth.proxyPod" -}}
{{- $pod := include "berth.placement" .Values.proxy | fromYaml -}}
{{- $container := dict -}}
{{- with .Values.proxy.resources }}{{ $_ := set $container "resources" . }}{{ end -}}
{{- if .Values.httpProxy.url }}{{ $_ := set $container "env" (include "berth.httpProxy" . | fromYamlArray) }}{{ end -}}
{{- dict "pod" $pod "container" $container | toJson -}}
{{- end }}

{{/* Port of an address; its scheme's where it names none. */}}
{{- define "berth.port" -}}
{{- $parts := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parts.host) | default (ternary "443" "80" (eq $parts.scheme "https")) -}}
{{- end }}

{{/* By port and not by address: what an address becomes on the way differs between clusters. */}}
{{- define "berth.ways" -}}
- ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
    - protocol: TCP
      port: {{ include "berth.port" .Values.controlPlane.url }} # control plane
    {{- if .Values.httpProxy.url }}
    - protocol: TCP
      port: {{ include "berth.port" .Values.httpProxy.url }} # HTTP proxy
    {{- else }}
    - protocol: TCP
      port: 443 # wake-up queue
    {{- end }}
    {{- range .Values.networkPolicy.apiServerPorts }}
    - protocol: TCP
      port: {{ . }} # API server
    {{- end }}
{{- end }}

{{/* What the schema cannot say in words that help. */}}
{{- define "berth.check" -}}
{{- if not (or .Values.token .Values.existingSecret) }}
  {{- fail "no token: give existingSecret, the name of a Secret with the key `token`; `berth agent install` makes one" }}
{{- end }}
{{- if and .Values.token .Values.existingSecret }}
  {{- fail "token and existingSecret are both given: keep one" }}
{{- end }}
{{- if and .Values.authorities.pem .Values.authorities.existingConfigMap }}
  {{- fail "authorities.pem and authorities.existingConfigMap are both given: keep one" }}
{{- end }}
{{- end }}

{{/* The agent's pod, but for its container: for the agent itself and for its test. */}}
{{- define "berth.pod" -}}
serviceAccountName: berth-agent
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- include "berth.placement" .Values.agent }}
volumes:
  - name: credentials
    projected:
      defaultMode: 0440
      sources:
        - secret:
            name: {{ include "berth.secret" . }}
            items:
              - key: token
                path: token
        {{- with include "berth.authorities" . }}
        - configMap:
            name: {{ . }}
            items:
              - key: {{ $.Values.authorities.key }}
                path: ca.pem
        {{- end }}
  - name: temporary # kubeconfig-like files of the client library
    emptyDir:
      sizeLimit: 16Mi
{{- end }}

{{- define "berth.container" -}}
image: {{ include "berth.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: BERTH_CONTROL_PLANE_URL
    value: {{ .Values.controlPlane.url | quote }}
  - name: BERTH_AGENT_TOKEN_FILE
    value: /etc/berth/token
  {{- if include "berth.authorities" . }}
  - name: BERTH_CA_FILE
    value: /etc/berth/ca.pem
  {{- end }}
  - name: BERTH_LOG_LEVEL
    value: {{ .Values.agent.logLevel }}
  - name: BERTH_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: BERTH_POD_UID
    valueFrom:
      fieldRef:
        fieldPath: metadata.uid
  - name: BERTH_SERVICE_ACCOUNT
    valueFrom:
      fieldRef:
        fieldPath: spec.serviceAccountName
  {{- if not .Values.proxy.enabled }}
  - name: BERTH_PROXY
    value: "off"
  {{- else if ne (include "berth.proxyPod" .) `{"container":{},"pod":{}}` }}
  - name: BERTH_PROXY_POD
    value: {{ include "berth.proxyPod" . | quote }}
  {{- end }}
  {{- if .Values.httpProxy.url }}
  {{- include "berth.httpProxy" . | nindent 2 }}
  {{- end }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: credentials
    mountPath: /etc/berth
    readOnly: true
  - name: temporary
    mountPath: /tmp
{{- end }}
