import type { SoakRun } from '../run-soak.ts'
import { clock } from './format.ts'
import { seriesOf } from './series.ts'
import type { Series } from './series.ts'

const WIDTH = 960
const LEFT = 64
const RIGHT = 200
const PANEL = 150
const GAP = 34
const COLOURS = ['#0b6e99', '#c2410c', '#4d7c0f', '#7e22ce']

const panels: readonly { readonly panel: Series['panel']; readonly title: string; readonly isLogarithmic?: true }[] = [
  { panel: 'rate', title: 'answers per second' },
  { panel: 'latency', title: 'milliseconds (logarithmic)', isLogarithmic: true },
  { panel: 'memory', title: 'resident memory of each process, MB' },
  { panel: 'files', title: 'open files of each process' },
]

/** The course of a soak as SVG; kills are dashed lines. */
export const formatPlot = (run: SoakRun): string => {
  const endMs = Math.max(1, run.samples.at(-1)?.atMs ?? 1)
  const x = (atMs: number): number => LEFT + (atMs / endMs) * (WIDTH - LEFT - RIGHT)
  const height = panels.length * (PANEL + GAP) + GAP
  const series = seriesOf(run)
  const kills = run.disturbances.kills.map(
    ({ atMs }) =>
      `<line x1="${fixed(x(atMs))}" x2="${fixed(x(atMs))}" y1="${GAP}" y2="${height - GAP}" stroke="#9ca3af" stroke-dasharray="3 3"/>`,
  )
  const hours = Array.from({ length: 7 }, (_, i) => (endMs / 6) * i).map((atMs) =>
    label(x(atMs), height - GAP + 18, clock(atMs), 'middle'),
  )
  const drawn = panels.map(({ panel, title, isLogarithmic }, i) =>
    drawPanel(
      series.filter((one) => one.panel === panel),
      { title, x, top: GAP + i * (PANEL + GAP), isLogarithmic: isLogarithmic === true },
    ),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height + GAP / 2}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
${[...kills, ...hours, ...drawn].join('\n')}
</svg>
`
}

interface PanelFrame {
  readonly title: string
  readonly x: (atMs: number) => number
  readonly top: number
  readonly isLogarithmic: boolean
}

const drawPanel = (series: readonly Series[], { title, x, top, isLogarithmic }: PanelFrame): string => {
  const largest = Math.max(1, ...series.flatMap(({ points }) => points.map(([, value]) => value)))
  const least = isLogarithmic ? 0.1 : 0
  const share = (value: number): number =>
    isLogarithmic ? Math.log(Math.max(value, least) / least) / Math.log(largest / least) : value / largest
  const y = (value: number): number => top + PANEL - share(value) * PANEL
  const marks = isLogarithmic ? [0.1, 1, 10, 100, 1000].filter((mark) => mark <= largest) : [0, largest / 2, largest]
  const grid = marks.map(
    (mark) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}" stroke="#e5e7eb"/>` +
      label(LEFT - 8, y(mark) + 4, mark >= 1 || mark === 0 ? mark.toFixed(0) : String(mark), 'end'),
  )
  const lines = series.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? '#000000'
    const path = points.map(([atMs, value]) => `${fixed(x(atMs))},${fixed(y(value))}`).join(' ')
    const key = `<rect x="${WIDTH - RIGHT + 16}" y="${top + i * 18}" width="10" height="10" fill="${colour}"/>`
    return (
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.3"/>` +
      key +
      label(WIDTH - RIGHT + 32, top + i * 18 + 10, name, 'start')
    )
  })
  return [label(LEFT, top - 8, title, 'start'), ...grid, ...lines].join('\n')
}

const label = (x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="#374151">${text}</text>`

const fixed = (value: number): string => value.toFixed(1)
