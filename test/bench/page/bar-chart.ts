import type { Spread } from '../statistics.ts'
import { formatLine, formatRect, formatSvg, formatText, niceAbove, type Tone } from './svg.ts'

/** A bar with its whisker, and a goal if there is one. */
export interface Bar {
  readonly label: string
  readonly value: number
  readonly spread?: Pick<Spread, 'min' | 'max'>
  readonly goal?: number
  readonly tone: Tone
}

export interface BarChart {
  readonly title: string
  /** What the values are. */
  readonly unit: string
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[]
}

const WIDTH = 760
const LEFT = 310
const RIGHT = 84
const TOP = 44
const BAR = 15
const STEP = 20
const GROUP_GAP = 14
const BOTTOM = 36

/** Bars from the left, group by group; each has its figure behind it. */
export const formatBars = ({ title, unit, groups }: BarChart): string => {
  const all = groups.flatMap(({ bars }) => bars)
  const most = niceAbove(Math.max(...all.map((bar) => Math.max(bar.value, bar.spread?.max ?? 0, bar.goal ?? 0))))
  const atX = (value: number): number => LEFT + (value / most) * (WIDTH - LEFT - RIGHT)
  const shapes: string[] = []
  let y = TOP
  for (const { label, bars } of groups) {
    shapes.push(formatText({ x: 16, y: y + BAR - 3 }, label))
    for (const bar of bars) {
      shapes.push(...barAt(bar, y, atX))
      y += STEP
    }
    y += GROUP_GAP
  }
  const bottom = y - GROUP_GAP + 4
  const marks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
    formatLine(
      [
        { x: atX(share * most), y: TOP - 6 },
        { x: atX(share * most), y: bottom },
      ],
      'grid',
    ),
    formatText({ x: atX(share * most), y: bottom + 15 }, `${round(share * most)}${share === 1 ? ` ${unit}` : ''}`, {
      style: 'dim',
      anchor: 'middle',
    }),
  ])
  const about = groups
    .flatMap(({ label, bars }) => bars.map((bar) => `${label}, ${bar.label}: ${bar.value} ${unit}${goalText(bar)}`))
    .join('; ')
  return formatSvg({ width: WIDTH, height: bottom + BOTTOM - 8, title, about }, [...marks, ...shapes])
}

const barAt = (bar: Bar, y: number, atX: (value: number) => number): readonly string[] => {
  const { label, value, spread, goal, tone } = bar
  const middle = y + BAR / 2
  const end = Math.max(atX(value), spread === undefined ? 0 : atX(spread.max), goal === undefined ? 0 : atX(goal))
  return [
    formatText({ x: LEFT - 8, y: y + BAR - 3 }, label, { style: 'dim', anchor: 'end' }),
    formatRect({ x: LEFT, y }, { width: Math.max(atX(value) - LEFT, 1), height: BAR }, tone),
    ...(spread === undefined
      ? []
      : [
          formatLine(
            [
              { x: atX(spread.min), y: middle },
              { x: atX(spread.max), y: middle },
            ],
            'ink',
          ),
        ]),
    ...(goal === undefined
      ? []
      : [
          formatLine(
            [
              { x: atX(goal), y: y - 3 },
              { x: atX(goal), y: y + BAR + 3 },
            ],
            'ink',
            { width: 2 },
          ),
        ]),
    formatText({ x: end + 6, y: y + BAR - 3 }, `${value}${goalText(bar)}`),
  ]
}

const goalText = ({ goal }: Bar): string => (goal === undefined ? '' : ` (goal ${goal})`)

const round = (value: number): number => Math.round(value * 100) / 100
