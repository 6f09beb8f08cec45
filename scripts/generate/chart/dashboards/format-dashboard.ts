/** Grafana's JSON of a dashboard (schema version 39, Grafana 10 and later). */
import type { Dashboard, Panel, Row } from './panel.ts'

/** Of Grafana's grid. */
const GRID_WIDTH = 24
const STAT = { width: 4, height: 4 }
const CHART = { width: 8, height: 8 }

const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The dashboard as a text; the same for the same description. */
export const formatDashboard = ({ uid, title, about, choices, rows }: Dashboard): string => {
  const dashboard = {
    uid,
    title,
    description: about,
    tags: ['fairway', 'istio', 'ambient'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    annotations: { list: [] },
    links: [],
    templating: { list: [sourceChoice, ...choices.map(choiceOf)] },
    panels: layOut(rows),
  }
  return `${JSON.stringify(dashboard, undefined, 1)}\n`
}

const sourceChoice = { name: 'datasource', label: 'Source', type: 'datasource', query: 'prometheus', current: {} }

const choiceOf = ({ name, title, query }: Dashboard['choices'][number]): object => ({
  name,
  label: title,
  type: 'query',
  datasource,
  query: { query, refId: name },
  definition: query,
  // All means those that the query finds, and not whatever else has such a label.
  includeAll: true,
  multi: true,
  refresh: 2,
  sort: 1,
  current: { text: 'All', value: '$__all' },
})

/** Rows below each other, panels side by side as long as there is room. */
const layOut = (rows: readonly Row[]): readonly object[] => {
  const laid: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    laid.push({
      id: laid.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: GRID_WIDTH, h: 1 },
    })
    y += 1
    let x = 0
    let height = 0
    for (const panel of panels) {
      const size = panel.kind === 'stat' ? STAT : CHART
      if (x + size.width > GRID_WIDTH) {
        x = 0
        y += height
      }
      laid.push(panelOf(panel, laid.length + 1, { x, y, w: size.width, h: size.height }))
      x += size.width
      height = size.height
    }
    y += height
  }
  return laid
}

const panelOf = (panel: Panel, id: number, gridPos: object): object => {
  const { title, about, unit, lines, kind = 'timeseries', limits } = panel
  return {
    id,
    type: kind,
    title,
    description: about,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        ...(kind === 'stat' ? {} : { min: 0 }),
        ...(limits === undefined ? {} : { thresholds: thresholdsOf(limits) }),
        ...(kind === 'stat' ? {} : { custom: customOf(panel) }),
      },
      overrides: [],
    },
    options: kind === 'stat' ? statOptions : chartOptions,
    targets: lines.map(([legendFormat, expr], i) => ({
      refId: String.fromCodePoint(65 + i),
      datasource,
      expr,
      legendFormat: legendFormat === '' ? '__auto' : legendFormat,
      range: kind !== 'stat',
      instant: kind === 'stat',
    })),
  }
}

const customOf = ({ isStacked = false }: Panel): object => ({
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: isStacked ? 25 : 8,
  showPoints: 'never',
  stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
})

const statOptions = {
  colorMode: 'value',
  graphMode: 'none',
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
}

const chartOptions = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
}

const thresholdsOf = ({ amber, red, isBelow = false }: NonNullable<Panel['limits']>): object => ({
  mode: 'absolute',
  steps: isBelow
    ? [
        { color: 'red', value: null },
        { color: 'orange', value: red },
        { color: 'green', value: amber },
      ]
    : [
        { color: 'green', value: null },
        { color: 'orange', value: amber },
        { color: 'red', value: red },
      ],
})
