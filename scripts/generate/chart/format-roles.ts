/** templates/roles.yaml: the roles of the controller's room, with the labels of a release. */
import { stringify } from 'yaml'
import { manifestOfRole, roleManifests } from '../../../src/controller/roles/manifests.ts'
import { waypointRoles } from '../../../src/controller/roles/waypoint-roles.ts'
import type { Manifest } from '../../../src/controller/manifest.ts'
import { createUserRoles, type UserRole } from './user-roles.ts'

const HEADER = 'Generated from src/controller/roles by "npm run generate": change that, not this.'

/** The template as a text. */
export const formatRoles = (): string => {
  const roles = roleManifests().map(formatRole)
  const users = createUserRoles().map(formatUserRole)
  return `{{- /* ${HEADER} */}}
{{- if .Values.rbac.create }}
${roles.join('---\n')}{{- if .Values.rbac.aggregate }}
---
${users.join('---\n')}{{- end }}
{{- end }}
`
}

const formatRole = ({ apiVersion, kind, metadata: { name }, ...rest }: Manifest): string => {
  const isOfWaypoints = waypointRoles.some((role) => role.name === name)
  const head = { apiVersion, kind, metadata: { name } }
  return [
    stringify(head),
    kind === 'Role' ? '  namespace: {{ .Release.Namespace }}\n' : '',
    '  labels:\n    {{- include "fairway.labels" (list .) | nindent 4 }}\n',
    isOfWaypoints ? keep : '',
    stringify(rest, { aliasDuplicateObjects: false, lineWidth: 0 }),
  ].join('')
}

/** Waypoints go on without a controller; without these they would read nothing any more. */
const keep = `  {{- if .Values.uninstall.keepWaypoints }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
`

const formatUserRole = ({ role, aggregateTo }: UserRole): string => {
  const { apiVersion, kind, metadata, ...rest } = manifestOfRole('ClusterRole', role)
  const to = aggregateTo.map((name) => `"rbac.authorization.k8s.io/aggregate-to-${name}" "true"`).join(' ')
  return [
    stringify({ apiVersion, kind, metadata: { name: metadata.name } }),
    `  labels:\n    {{- include "fairway.labels" (list . (dict ${to})) | nindent 4 }}\n`,
    stringify(rest, { aliasDuplicateObjects: false, lineWidth: 0 }),
  ].join('')
}
