import type { SeriesReport } from '../report.ts'
import { formatDot, formatLine, formatSvg, formatText, niceAbove, type Point } from './svg.ts'

const PANEL = { width: 380, height: 210 }
const MARGIN = { left: 44, right: 20, top: 40, bottom: 44 }
const COLUMNS = 2
const HEAD = 30

/** A panel for each line, two beside one another; steps of the horizontal axis are as wide as one another. */
export const formatLines = (title: string, unit: string, reports: readonly SeriesReport[]): string => {
  const rows = Math.ceil(reports.length / COLUMNS)
  const shapes = reports.flatMap(({ series }, index) => {
    const origin = { x: (index % COLUMNS) * PANEL.width, y: HEAD + Math.floor(index / COLUMNS) * PANEL.height }
    return panelAt(origin, series, unit)
  })
  const about = reports
    .map(({ series }) => `${series.counts}: ${series.points.map(({ x, y }) => `${x}: ${y.median} ${unit}`).join(', ')}`)
    .join('; ')
  const size = { width: COLUMNS * PANEL.width, height: HEAD + rows * PANEL.height }
  return formatSvg({ ...size, title, about }, shapes)
}

const panelAt = (origin: Point, { counts, points }: SeriesReport['series'], unit: string): readonly string[] => {
  const most = niceAbove(Math.max(...points.map(({ y }) => y.max)))
  const inner = {
    width: PANEL.width - MARGIN.left - MARGIN.right,
    height: PANEL.height - MARGIN.top - MARGIN.bottom,
  }
  const at = (index: number, value: number): Point => ({
    x: origin.x + MARGIN.left + ((index + 0.5) / points.length) * inner.width,
    y: origin.y + MARGIN.top + (1 - value / most) * inner.height,
  })
  const left = origin.x + MARGIN.left
  const grid = [0, 0.5, 1].flatMap((share) => {
    const { y } = at(0, share * most)
    return [
      formatLine(
        [
          { x: left, y },
          { x: left + inner.width, y },
        ],
        'grid',
      ),
      formatText({ x: left - 6, y: y + 4 }, String(share * most), { style: 'dim', anchor: 'end' }),
    ]
  })
  return [
    formatText({ x: left, y: origin.y + 22 }, `${unit}, by ${counts}`, { style: 'dim' }),
    ...grid,
    formatLine(
      points.map(({ y }, index) => at(index, y.median)),
      'ours',
      { width: 2 },
    ),
    ...points.flatMap(({ x, y }, index) => {
      const point = at(index, y.median)
      return [
        formatLine([at(index, y.min), at(index, y.max)], 'ink'),
        formatDot(point, 'ours'),
        formatText({ x: point.x, y: point.y - 9 }, String(y.median), { anchor: 'middle' }),
        formatText({ x: point.x, y: origin.y + PANEL.height - MARGIN.bottom + 18 }, String(x), {
          style: 'dim',
          anchor: 'middle',
        }),
      ]
    }),
  ]
}
