import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findHotSpot, type CpuProfile } from './hot-spot.ts'

const node = (
  id: number,
  url: string,
  ticks: readonly (readonly [line: number, ticks: number])[],
  children: number[] = [],
) => ({
  id,
  callFrame: { url, lineNumber: 10 },
  hitCount: ticks.reduce((sum, [, count]) => sum + count, 0),
  children,
  positionTicks: ticks.map(([line, count]) => ({ line, ticks: count })),
})
const cases: readonly (readonly [string, CpuProfile, string | undefined])[] = [
  [
    'the line with the most of it',
    {
      nodes: [
        node(1, '/f/a.ts', [
          [3, 5],
          [4, 90],
        ]),
        node(2, '', [[1, 40]]),
      ],
    },
    'a.ts:4',
  ],
  [
    'the function that calls Node',
    { nodes: [node(1, '/f/lib/a.ts', [], [2]), node(2, 'node:crypto', [[7, 90]])] },
    'lib/a.ts:11',
  ],
  ['nowhere when the thread was idle', { nodes: [node(1, '/f/a.ts', [[3, 1]]), node(2, '', [[1, 500]])] }, undefined],
  [
    'nowhere in other folders and in packages',
    { nodes: [node(1, '/g/a.ts', [[3, 9]]), node(2, '/f/node_modules/x.js', [[3, 9]])] },
    undefined,
  ],
]
for (const [name, profile, spot] of cases) {
  it(`time went to ${name}`, () => {
    const found = findHotSpot(profile, '/f')
    assert.equal(found === undefined ? undefined : `${found.file}:${found.line}`, spot)
  })
}
