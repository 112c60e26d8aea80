{{/* What several policies say in the same words. */}}

{{- define "lastgood.operators" -}}
{{- $own := printf "system:serviceaccount:%s:%s" .Release.Namespace (include "lastgood.serviceAccount" .) }}
{{- prepend .Values.interlock.operatorAccounts $own | toJson }}
{{- end }}

{{- define "lastgood.isGitops" -}}
{{- $accounts := list }}
{{- range .Values.interlock.gitopsAccounts }}
{{- $accounts = append $accounts (regexQuoteMeta . | replace "\\*" "[^:]*") }}
{{- end -}}
(request.?options.?fieldManager.orValue('') in {{ .Values.gitopsManagers | toJson }})
{{- with $accounts }}
|| request.userInfo.username.matches({{ printf "^(%s)$" (join "|" .) | toJson }})
{{- end }}
{{- end }}

{{/* Variables of every policy. */}}
{{- define "lastgood.accounts" -}}
- name: operator
  expression: >-
    request.userInfo.username in {{ include "lastgood.operators" . }}
- name: writer # may write what only the operator writes
  expression: >-
    variables.operator || request.userInfo.username in {{ .Values.interlock.restoreAccounts | toJson }}
{{- end }}

{{/* Variables of the policies on releases. */}}
{{- define "lastgood.gitops" -}}
- name: gitops
  expression: >-
    {{- include "lastgood.isGitops" . | nindent 4 }}
{{- end }}

{{/* What a release may be refused with. */}}
{{- define "lastgood.whoReleases" -}}
needs the verb release, which the ClusterRole {{ include "lastgood.fullname" . }}-release gives to people, and never comes from Git
{{- end }}

{{- define "lastgood.namespaceSelector" -}}
{{- with .Values.interlock.namespaceSelector }}
namespaceSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "lastgood.binding" -}}
{{- $name := printf "%s-%s" (include "lastgood.fullname" .root) .policy -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels: {{- include "lastgood.labels" .root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny]
{{- end }}

{{/* Whether the elements of one list are all in another. Lists that only grow at their end are compared in linear time,
as the cost of an expression is limited; the order of others is only followed as far as that limit goes. */}}
{{- define "lastgood.kept" -}}
({{ .new }}.join(' ') + ' ').startsWith({{ .old }}.join(' ') + ' ') || {{ .old }}.all(each, each in {{ .new }})
{{- end }}
