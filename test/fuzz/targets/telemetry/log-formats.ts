import assert from 'node:assert/strict'
import { parseLogFormat } from '../../../../src/model/telemetry/log/log-format.ts'
import { operators } from '../../../../src/model/telemetry/log/operators.ts'
import type { LogFormat } from '../../../../src/model/telemetry/telemetry-provider.ts'
import { createLineWriter } from '../../../../src/telemetry/log/format/line-writer.ts'
import { testLogHost } from '../../../support/telemetry/log-host.ts'
import { textMutator } from '../../mutate/text.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { toldExchanges } from './told.ts'

const CONTROL = /[\p{Cc}\u2028\u2029]/u

/** Whatever format a mesh has is refused with its place, or makes one line of each exchange that nobody can break out of. */
export const logFormatsTarget: FuzzTarget = {
  name: 'log-formats',
  format: 'text',
  maxInputBytes: 20_000,
  shortRounds: 300,
  seeds: () =>
    [
      '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH):20%" %RESPONSE_CODE% 100%%',
      "%START_TIME(%Y-%m-%dT%H:%M:%S.%3f)% %CEL(request.headers['x-a'])% %COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%",
      '"%TRAILER(X-A)%" %QUERY_PARAM(q)% %ENVIRONMENT(POD_NAMESPACE)% %GRPC_STATUS(NUMBER)% %PATH(NQ:ORIG)%',
    ].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...Object.keys(operators).map((name) => `%${name}%`),
    ...['%', '%%', '(', ')', ':', '?', '"', '\\', ' ', '\n', '%REQ(', '%REQ(X-A?X-B)%', '%RESP(X-A):3%', '%CEL(', ')%'],
    ...[':99999%', ':0%', '%START_TIME(%s %f %9f %j)%', '\u00e9', '{', '}', 'DS_RX_END', '%FILTER_STATE(a)%'],
  ]),
  check: (input) => {
    const text = input.toString('utf8')
    const parsed = parseLogFormat(text)
    if (!parsed.ok) {
      const { message, column } = parsed.fault
      assert.ok(message !== '' && column >= 1 && column <= text.length + 1, `column ${column} of ${text.length}`)
      return message.replaceAll(/%\S*/g, '').slice(0, 40)
    }
    const labels = { a: text, b: [text, { c: text }], d: 1 }
    const own = parsed.parts.map((part) => (part.kind === 'text' ? part.text : (part.argument ?? ''))).join('')
    checkLines({ kind: 'text', text }, { isOwnControl: CONTROL.test(own) })
    checkLines({ kind: 'labels', labels, omitsEmpty: text.length % 2 === 0 }, { isOwnControl: false })
    return parsed.parts
      .map((part) => (part.kind === 'text' ? 'text' : part.name))
      .slice(0, 4)
      .join()
  },
}

/** `isOwnControl`: whoever wrote the format has wanted control characters. */
const checkLines = (format: LogFormat, { isOwnControl }: { readonly isOwnControl: boolean }): void => {
  const write = createLineWriter(format, testLogHost)
  const lines = toldExchanges.map((told) => write(told))
  for (const [i, line] of lines.entries()) {
    assert.ok(line.endsWith('\n'))
    const content = line.slice(0, -1)
    if (!isOwnControl) assert.doesNotMatch(content, CONTROL)
    if (format.kind === 'labels') assert.equal(typeof JSON.parse(content), 'object')
    const told = toldExchanges[i]
    // Whatever was written before.
    if (told !== undefined) assert.equal(write(told), line)
  }
}
