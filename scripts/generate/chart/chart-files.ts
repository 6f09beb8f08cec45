/** The files of the chart that are made of data, beside the definitions of kinds. */
import type { GeneratedFile } from '../generated-file.ts'
import { formatAlerts } from './alerts.ts'
import { controller } from './dashboards/controller.ts'
import { formatDashboard } from './dashboards/format-dashboard.ts'
import { waypoints } from './dashboards/waypoints.ts'
import { formatRoles } from './format-roles.ts'
import { formatValuesFile, formatValuesPage, formatValuesSchema } from './format-values.ts'
import { chartValues } from './values.ts'

const HEADER = '# Generated from scripts/generate/chart by "npm run generate": change that, not this.\n'

/** The dashboards by the names of their files. */
export const dashboards = { controller, waypoints } as const

/** All of them. */
export const createChartFiles = (): readonly GeneratedFile[] => [
  { path: 'charts/fairway/values.yaml', text: formatValuesFile(chartValues) },
  { path: 'charts/fairway/values.schema.json', text: formatValuesSchema(chartValues) },
  { path: 'docs/reference/chart-values.md', text: formatValuesPage(chartValues) },
  { path: 'charts/fairway/templates/roles.yaml', text: formatRoles() },
  { path: 'charts/fairway/monitoring/alerts.yaml', text: HEADER + formatAlerts() },
  ...Object.entries(dashboards).map(([name, dashboard]) => ({
    path: `charts/fairway/dashboards/${name}.json`,
    text: formatDashboard(dashboard),
  })),
]
