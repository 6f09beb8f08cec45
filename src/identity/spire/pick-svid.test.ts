import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pickSvid } from './pick-svid.ts'
import type { X509Svid } from './workload-api.ts'

const none = new Uint8Array()
const svid = (spiffeId: string, hint = ''): X509Svid => ({ spiffeId, chain: none, key: none, bundle: none, hint })

const web = 'spiffe://mesh.example/ns/shop/sa/web'
const waypoint = 'spiffe://mesh.example/ns/shop/sa/waypoint'

interface Case {
  readonly what: string
  readonly svids: readonly X509Svid[]
  readonly hint?: string
  readonly expected: string | RegExp
}

const cases: readonly Case[] = [
  { what: 'the only one', svids: [svid(web)], expected: web },
  { what: 'the first of several', svids: [svid(web), svid(waypoint)], expected: web },
  {
    what: 'the first that is a workload',
    svids: [svid('spiffe://mesh.example/db'), svid(waypoint)],
    expected: waypoint,
  },
  {
    what: 'the first of our own trust domain, not of an alias',
    svids: [svid('spiffe://old.example/ns/shop/sa/web'), svid(waypoint)],
    expected: waypoint,
  },
  { what: 'the one with the hint', svids: [svid(web, 'a'), svid(waypoint, 'b')], hint: 'b', expected: waypoint },
  {
    what: 'the first with a hint that two have',
    svids: [svid(web, 'b'), svid(waypoint, 'b')],
    hint: 'b',
    expected: web,
  },
  {
    what: 'none when nobody has the hint',
    svids: [svid(web), svid(waypoint, 'a')],
    hint: 'b',
    expected: /\("spiffe:.*\/web", "spiffe:.*\/waypoint" with the hint "a"\) .* of the form .* with the hint "b"$/,
  },
  { what: 'none of none', svids: [], expected: /sent no identity/ },
  {
    what: 'none when none is a workload of ours',
    svids: [svid('spiffe://mesh.example/db'), svid('spiffe://foreign.example/ns/shop/sa/web')],
    expected: /"spiffe:\/\/mesh\.example\/db", .*is of the form spiffe:\/\/mesh\.example\/ns\/NAMESPACE\/sa\/ACCOUNT$/,
  },
  {
    what: 'none of very many, of which a few are named',
    svids: Array.from({ length: 100 }, (_, i) => svid(`spiffe://mesh.example/${i}`)),
    expected: /mesh\.example\/4" and 95 more\)/,
  },
]

for (const { what, svids, hint, expected } of cases) {
  test(`picked is ${what}`, () => {
    const picked = pickSvid(svids, { trustDomains: ['mesh.example', 'old.example'], hint })
    if (typeof expected === 'string') assert.equal(picked.ok && picked.svid.spiffeId, expected)
    else assert.match(picked.ok ? '' : picked.reason, expected)
  })
}
