/** The flags of traces as `fairway run` reads them, and OpenTelemetry's variables. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeRunOptions } from './run-options.ts'
import { CliError } from './verb.ts'

const decode = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  decodeRunOptions(['-f', 'a.yaml', ...args], { env, cwd: '/home/me' })

describe('traces', () => {
  const cases: readonly (readonly [
    name: string,
    args: readonly string[],
    env: Record<string, string>,
    told: string,
  ])[] = [
    ['of a flag', ['--otlp-endpoint', 'http://otel:4317'], {}, 'grpc http://otel:4317 0.01 parent'],
    [
      'by HTTP, as the port says',
      ['--otlp-endpoint', 'http://otel:4318'],
      {},
      'http/protobuf http://otel:4318 0.01 parent',
    ],
    [
      'by HTTP, as the path says',
      ['--otlp-endpoint', 'https://a/otlp'],
      {},
      'http/protobuf https://a/otlp 0.01 parent',
    ],
    ['of the environment', [], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4317' }, 'grpc - 0.01 parent'],
    [
      'of the environment, by its protocol',
      [],
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
      'http/protobuf - 0.01 parent',
    ],
    [
      'turned off',
      [],
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4317', OTEL_SDK_DISABLED: 'TRUE' },
      'nobody 0.01 parent',
    ],
    [
      'of no exporter',
      [],
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1', OTEL_TRACES_EXPORTER: 'none' },
      'nobody 0.01 parent',
    ],
    ['of a share', ['--trace-sampling', '12.5'], { OTEL_TRACES_SAMPLER: 'always_on' }, 'nobody 0.125 parent'],
    ['of all', [], { OTEL_TRACES_SAMPLER: 'always_on' }, 'nobody 1 own'],
    [
      'as a ratio',
      [],
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.2' },
      'nobody 0.2 parent',
    ],
  ]
  for (const [name, args, env, told] of cases) {
    it(`${name}: ${told}`, () => {
      const { collector, defaults } = decode(args, env).tracing
      const whom = collector === undefined ? 'nobody' : `${collector.protocol} ${collector.url ?? '-'}`
      assert.equal(`${whom} ${defaults.ratio} ${defaults.followsParent ? 'parent' : 'own'}`, told)
      assert.equal(defaults.hasCollector, collector !== undefined)
    })
  }

  const wrong: readonly (readonly [args: readonly string[], env: Record<string, string>, message: RegExp])[] = [
    [['--otlp-endpoint', 'otel:4317'], {}, /--otlp-endpoint "otel:4317" is no URL of a collector/],
    [[], { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://a' }, /OTEL_EXPORTER_OTLP_ENDPOINT "ftp:\/\/a"/],
    [['--trace-sampling', '101'], {}, /--trace-sampling "101" is no number from 0 to 100/],
    [['--trace-sampling', '00100'], {}, /--trace-sampling "00100" is no number from 0 to 100/],
    [['--otlp-endpoint', 'http://a', '--otlp-protocol', 'GRPC'], {}, /--otlp-protocol "GRPC" is not supported/],
    [['--trace-propagators', 'b3,jaeger'], {}, /"jaeger" is not supported/],
  ]
  for (const [args, env, message] of wrong)
    it(`cannot be ${args.join(' ')}${Object.entries(env).join()}`, () =>
      assert.throws(
        () => decode(args, env),
        (error) => error instanceof CliError && message.test(error.message),
      ))

  it('wait for others as long as the environment says', () => {
    assert.equal(decode([], { OTEL_BSP_SCHEDULE_DELAY: '200' }).tracing.reportDelayMs, 200)
  })

  it('are as if a number were not set that is none, which is warned of', () => {
    const told = (env: Record<string, string>): string => {
      const warnings: string[] = []
      const { tracing } = decodeRunOptions(['-f', 'a.yaml'], { env, cwd: '/' }, (message) => warnings.push(message))
      return `${tracing.reportDelayMs} ${tracing.defaults.ratio} ${warnings.join('; ')}`
    }
    for (const text of ['0.5', '200.0', '1s', '-1', '1e3', '60001', '123456'])
      assert.equal(
        told({ OTEL_BSP_SCHEDULE_DELAY: text }),
        `5000 0.01 OTEL_BSP_SCHEDULE_DELAY "${text}" is not a whole number of milliseconds from 0 to 60000: spans wait 5000 ms for others`,
      )
    for (const text of ['0', '60000']) assert.equal(told({ OTEL_BSP_SCHEDULE_DELAY: ` ${text} ` }), `${text} 0.01 `)
    for (const text of ['2', '10%', '-0.1'])
      assert.match(
        told({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: text }),
        /^5000 1 OTEL_TRACES_SAMPLER_ARG "[^"]+" is not a number from 0 to 1: it is taken as not set, which is 1$/,
      )
    assert.equal(told({ OTEL_TRACES_SAMPLER: 'always_off', OTEL_TRACES_SAMPLER_ARG: 'x' }), '5000 0 ')
  })

  const ignored: readonly (readonly [env: Record<string, string>, came: string])[] = [
    [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'grpc 0.01 parent tracecontext OTEL_TRACES_SAMPLER "jaeger_remote"'],
    [{ OTEL_TRACES_SAMPLER: 'Always_ON' }, 'grpc 1 own tracecontext '],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'grpc 0.01 parent tracecontext OTEL_TRACES_EXPORTER "zipkin"'],
    [{ OTEL_TRACES_EXPORTER: 'console,OTLP' }, 'grpc 0.01 parent tracecontext OTEL_TRACES_EXPORTER "console"'],
    [{ OTEL_TRACES_EXPORTER: 'none,console' }, 'nobody 0.01 parent tracecontext OTEL_TRACES_EXPORTER "console"'],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      'grpc 0.01 parent tracecontext OTEL_EXPORTER_OTLP_PROTOCOL "http/json"',
    ],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'HTTP/Protobuf' }, 'http/protobuf 0.01 parent tracecontext '],
    [{ OTEL_PROPAGATORS: 'jaeger' }, 'grpc 0.01 parent tracecontext OTEL_PROPAGATORS "jaeger"'],
    [
      { OTEL_PROPAGATORS: 'xray, B3, ottrace' },
      'grpc 0.01 parent b3 OTEL_PROPAGATORS "xray"|OTEL_PROPAGATORS "ottrace"',
    ],
    [{ OTEL_PROPAGATORS: 'baggage' }, 'grpc 0.01 parent  '],
  ]
  for (const [env, came] of ignored) {
    it(`are as if a word were not set that is not known: ${Object.entries(env).join()}`, () => {
      const warnings: string[] = []
      const withCollector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4317', ...env }
      const { tracing } = decodeRunOptions(['-f', 'a.yaml'], { env: withCollector, cwd: '/' }, (told) =>
        warnings.push(told),
      )
      const { ratio, followsParent, propagation } = tracing.defaults
      const told = warnings.map((warning) => /^(.*) is taken as not set: .+$/.exec(warning)?.[1])
      const facts = [
        tracing.collector?.protocol ?? 'nobody',
        ratio,
        followsParent ? 'parent' : 'own',
        propagation.writes,
      ]
      assert.equal(`${facts.join(' ')} ${told.join('|')}`, came)
    })
  }

  it('have the forms that are told', () => {
    const formsOf = (text: string) => decode(['--trace-propagators', text]).tracing.defaults.propagation.writes
    assert.deepEqual([formsOf('b3, tracecontext'), formsOf('none')], [['b3', 'tracecontext'], []])
    assert.deepEqual(formsOf('baggage,b3multi'), ['b3multi'])
  })
})
