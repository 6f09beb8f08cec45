import assert from 'node:assert/strict'
import { findCookie } from '../../../src/http/cookies.ts'
import { HeaderList } from '../../../src/http/header-list.ts'
import { formatToken, parseToken, tagOf } from '../../../src/proxy/session/session-token.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

const NOW_SEC = 1_800_000_000
const ABSOLUTE_MS = 3_600_000
const tag = tagOf({ scope: 'fuzz' })
const digest = 'J4rWaeHIkR6yQhec'
const token = formatToken(tag, { digest, issuedAtSec: NOW_SEC })

/** Whatever stands in a `cookie` field, a token taken from it is of these sessions, not too old, and reads back. */
export const sessionTokenTarget: FuzzTarget = {
  name: 'session-token',
  format: 'text',
  maxInputBytes: 65_536,
  shortRounds: 500,
  seeds: () => [`s=${token}`, `a=b; s=${tag}.${digest}; c=d`, `s=x;s=${token}`].map((text) => Buffer.from(text)),
  mutate: textMutator(['s=', 's', '=', ';', '; ', '.', '"', tag, digest, token, 'tro8w0', 'zzzzzzzz', '\t', '%']),
  check: (input) => {
    const headers = new HeaderList(['cookie', input.toString('latin1')])
    const now = { nowSec: NOW_SEC, absoluteTimeoutMs: ABSOLUTE_MS }
    const read = (text: string) => parseToken(text, tag, now)
    const found = findCookie(headers, 's', read)
    const endless = findCookie(headers, 's', (text) => parseToken(text, tag, { ...now, absoluteTimeoutMs: undefined }))
    if (found === undefined) return endless === undefined ? 'none' : 'late'
    assert.ok(endless !== undefined)
    const { issuedAtSec = 0 } = found
    assert.ok(issuedAtSec > NOW_SEC - ABSOLUTE_MS / 1000 && issuedAtSec <= NOW_SEC + 60)
    assert.match(found.digest, /^[\w-]{16}$/)
    assert.deepEqual(read(formatToken(tag, found)), found)
    return found.digest === digest ? 'own' : 'other'
  },
}
