import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { defaultPropagation } from '../http/tracing/trace-fields.ts'
import { defaultDeadlines } from '../proxy/limits/deadlines.ts'
import { decodeRunOptions } from './run-options.ts'
import { CliError } from './verb.ts'

const deadlines = [
  ['tls-handshake-timeout', 'handshakeMs'],
  ['preface-timeout', 'prefaceMs'],
  ['connect-timeout', 'connectMs'],
  ['request-head-timeout', 'requestHeadMs'],
  ['response-head-timeout', 'responseHeadMs'],
  ['body-idle-timeout', 'bodyIdleMs'],
  ['keep-alive-timeout', 'keepAliveIdleMs'],
  ['stream-idle-timeout', 'streamIdleMs'],
  ['protocol-detection-timeout', 'protocolDetectionMs'],
  ['client-hello-timeout', 'clientHelloMs'],
  ['tcp-idle-timeout', 'tcpIdleMs'],
] as const

const tracingDefaults = {
  hasCollector: false,
  ratio: 0.01,
  followsParent: true,
  reportsErrors: false,
  propagation: defaultPropagation,
}

const decode = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  decodeRunOptions(['-f', 'a.yaml', ...args], { env, cwd: '/home/me' })

describe('the flags of fairway run', () => {
  it('have the defaults of Istio', () => {
    assert.deepEqual(decode([]), {
      place: { kind: 'files', paths: ['/home/me/a.yaml'] },
      gateway: undefined,
      ca: { kind: 'dev', stateDir: '/home/me/.fairway' },
      trustDomains: ['cluster.local'],
      isTrustDomainDefault: true,
      clusterDomain: 'cluster.local',
      mesh: undefined,
      pathNormalization: 'BASE',
      zone: undefined,
      node: undefined,
      tlsGroups: undefined,
      bind: '::',
      ports: { hbone: 15_008, ready: 15_021, metrics: 15_020, admin: 15_000 },
      workers: availableParallelism(),
      accessLog: undefined,
      flowLog: undefined,
      authzLog: 'off',
      tracing: { defaults: tracingDefaults, reportDelayMs: 5000 },
      logLevel: 'info',
      drainMs: 25_000,
      deadlines: defaultDeadlines,
      overload: { maxRequests: 0, waitMs: 5 },
      filtersDir: undefined,
      filterIsolation: 'none',
      filterEgress: [],
    })
  })

  const cases: readonly (readonly [string, readonly string[], string, unknown])[] = [
    [
      'files and folders in order',
      ['-f', '/b', '--file', '../c'],
      'place',
      { kind: 'files', paths: ['/home/me/a.yaml', '/b', '/home/c'] },
    ],
    ['a gateway', ['--gateway', 'shop/way.point'], 'gateway', { namespace: 'shop', name: 'way.point' }],
    ['--certs alone means files', ['--certs', 'x'], 'ca', { kind: 'files', dir: '/home/me/x' }],
    [
      '--ca dev wins over --certs',
      ['--ca', 'dev', '--certs', 'x'],
      'ca',
      { kind: 'dev', stateDir: '/home/me/.fairway' },
    ],
    ['trust domain and aliases', ['--trust-domain', 'a.b, old-1,x_y'], 'trustDomains', ['a.b', 'old-1', 'x_y']],
    ['a group of key exchange', ['--tls-groups', 'X25519:P-256'], 'tlsGroups', 'X25519:P-256'],
    ['a zone', ['--zone', 'eu-1a'], 'zone', 'eu-1a'],
    ['a node', ['--node', 'node-7.example'], 'node', 'node-7.example'],
    ['workers', ['--workers', '3'], 'workers', 3],
    ['seconds as milliseconds', ['--drain-seconds', '0'], 'drainMs', 0],
    ...deadlines.map(
      ([flag, name], index) =>
        [
          `--${flag}`,
          [`--${flag}`, `${index}m30s`],
          'deadlines',
          { ...defaultDeadlines, [name]: index * 60_000 + 30_000 },
        ] as const,
    ),
    ['no deadline', ['--connect-timeout', '0s'], 'deadlines', { ...defaultDeadlines, connectMs: 0 }],
    ['the last of two', ['--bind', '127.0.0.1', '--bind', '::1'], 'bind', '::1'],
    [
      'an access log',
      ['--access-log', 'text'],
      'accessLog',
      { path: '/dev/stdout', format: undefined, filter: undefined },
    ],
    [
      'an access log of its own',
      [
        '--access-log',
        'json',
        '--access-log-format',
        '{"a":"%DURATION%"}',
        '--access-log-file',
        '/var/log/a',
        '--access-log-filter',
        'response.code > 399',
      ],
      'accessLog',
      {
        path: '/var/log/a',
        format: { kind: 'labels', labels: { a: '%DURATION%' }, omitsEmpty: false },
        filter: 'response.code > 399',
      },
    ],
    [
      'flow records',
      ['--flow-log', 'flows', '--flow-log-filter', 'sample(0.1)'],
      'flowLog',
      { path: '/home/me/flows', filter: 'sample(0.1)' },
    ],
    ['no log of decisions without an access log', [], 'authzLog', 'off'],
    ['some decisions in an access log', ['--access-log', 'json'], 'authzLog', 0.01],
    ['a share of decisions', ['--authz-log', '.25'], 'authzLog', 0.25],
    ['no decisions in an access log', ['--access-log', 'json', '--authz-log', 'off'], 'authzLog', 'off'],
    ['the folder of filters', ['--filters', '/'], 'filtersDir', '/'],
    ['filters as they ask', [], 'filterIsolation', 'none'],
    ['threads for filters', ['--filter-isolation', 'thread'], 'filterIsolation', 'thread'],
    [
      'hosts for filters',
      ['--filter-egress', 'a.example, *.b.example:8443'],
      'filterEgress',
      ['a.example', '*.b.example:8443'],
    ],
    ['silence', ['--log-level', 'off'], 'logLevel', 'off'],
  ]
  for (const [what, args, field, expected] of cases) {
    it(`take ${what}`, () =>
      assert.deepEqual(Object.entries(decode(args)).find(([name]) => name === field)?.[1], expected))
  }

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--gateway', 'waypoint'], /--gateway "waypoint" is not NS\/NAME/],
    [['--gateway', 'Shop/waypoint'], /is not NS\/NAME/],
    [['--ca', 'vault'], /--ca "vault" is none of dev, files, istiod, spire/],
    [['--ca', 'files'], /--ca files needs --certs DIR/],
    [['--trust-domain', ''], /--trust-domain "" has no valid form/],
    [['--trust-domain', 'a,,b'], /has no valid form/],
    [['--trust-domain', 'a/b'], /has no valid form/],
    [['--trust-domain', 'a b'], /^--trust-domain "a b" has no valid form: "a b" is no trust domain$/],
    [['--trust-domain', 'a,B'], /^--trust-domain "a,B" has no valid form: "B" is no trust domain$/],
    [['--drain-seconds', '-1'], /^--drain-seconds "-1" is not a whole number from 0 to 86400$/],
    [['--tls-groups', 'X25519:nonsense'], /--tls-groups "X25519:nonsense" has a group that OpenSSL .* does not know/],
    [['--bind', 'localhost'], /--bind "localhost" is no IP address/],
    [['--bind', '[::1]'], /is no IP address/],
    [['--hbone-port', '65536'], /--hbone-port "65536" is not a whole number from 0 to 65535/],
    [['--metrics-port', '-1'], /--metrics-port/],
    [['--zone', ''], /--zone "" is not the name of a zone/],
    [['--node', 'a/b'], /--node "a\/b" is not the name of a node/],
    [['--workers', '0'], /--workers "0" is not a whole number from 1 to 256/],
    [['--access-log', 'yes'], /--access-log "yes" is none of json, text, off/],
    [['--access-log-file', 'a'], /--access-log-file has no effect without an access log/],
    [
      ['--access-log', 'text', '--access-log-format', 'a %DURATON%'],
      /--access-log-format, column 3: .* mean %DURATION%/,
    ],
    [['--access-log', 'json', '--access-log-format', '%DURATION%'], /--access-log-format is no JSON object/],
    [['--access-log', 'json', '--access-log-format', '{"a":"%A%"}'], /--access-log-format, column 1 of a: %A% is no/],
    [['--access-log', 'json', '--access-log-filter', 'true &&'], /--access-log-filter, column 8: ends where a value/],
    [['--flow-log', 'otlp'], /--flow-log otlp needs a collector/],
    [['--flow-log-filter', 'true'], /--flow-log-filter has no effect without flow records/],
    [['--flow-log', 'a', '--flow-log-filter', '1'], /--flow-log-filter, column 1: is int, and no condition/],
    [['--authz-log', '1%'], /--authz-log "1%" is no share from 0 to 1/],
    [['--authz-log', '1.5'], /--authz-log "1\.5" is no share/],
    [['--filters', '/no/such/folder'], /--filters \/no\/such\/folder: there is no such folder/],
    [['--filter-isolation', 'process'], /--filter-isolation "process" is none of none, thread/],
    [['--filter-egress', 'https://a.example'], /--filter-egress "https:\/\/a\.example" is no host/],
    [['--filter-egress', '*'], /--filter-egress "\*" is no host/],
    [['--log-level', 'trace'], /--log-level "trace" is none of debug, info, warn, error, off/],
    [['--path-normalization', 'base'], /is none of NONE, BASE, MERGE_SLASHES, DECODE_AND_MERGE_SLASHES/],
    [['--drain-seconds', '1.5'], /--drain-seconds "1.5" is not a whole number/],
    [['--connect-timeout', '10'], /--connect-timeout "10" is not a duration like 500ms, 10s or 1m30s/],
    [['--stream-idle-timeout', '1.5h'], /--stream-idle-timeout "1\.5h" is not a duration/],
    [['--body-idle-timeout', '577h'], /--body-idle-timeout 577h is longer than 576h/],
    [['--acess-log', 'json'], /unknown flag --acess-log/],
    [['--kube', '--gateway', 'a/b'], /--kube and --file do not go together/],
    [['--kubeconfig', 'x'], /--kubeconfig is of use with --kube only/],
    [['--context', 'x'], /--context is of use with --kube only/],
    [['more'], /unexpected argument "more"/],
  ]
  for (const [args, message] of wrong) {
    it(`refuse ${args.join(' ')}`, () => {
      assert.throws(
        () => decode(args),
        (error) => error instanceof CliError && error.exitCode === 64 && message.test(error.message),
      )
    })
  }

  it('need a file', () => {
    assert.throws(() => decodeRunOptions([], { env: {}, cwd: '/' }), /no configuration is given/)
  })
})

describe('--kube', () => {
  const inCluster = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    decodeRunOptions(['--kube', ...args], {
      env: { GATEWAY_NAMESPACE: 'shop', GATEWAY_NAME: 'a', ...env },
      cwd: '/home',
    })

  it('takes objects, the MeshConfig and a certificate from the cluster', () => {
    const { place, mesh, ca } = inCluster(['--trust-domain', 'td'])
    const gateway = { namespace: 'shop', name: 'a' }
    assert.deepEqual(place, {
      kind: 'kube',
      kubeconfig: undefined,
      context: undefined,
      gateway,
      istioNamespace: 'istio-system',
    })
    assert.deepEqual(mesh, { path: 'ConfigMap istio-system/istio', isInCluster: true, flags: ['trust-domain'] })
    assert.equal(ca.kind, 'istiod')
  })

  it('takes what is named from where it is named', () => {
    const args = ['--kubeconfig', 'k', '--context', 'c', '--mesh-config', 'm', '--certs', 'd', '--gateway', 'x/y']
    const { place, mesh, ca } = inCluster(args)
    const gateway = { namespace: 'x', name: 'y' }
    assert.deepEqual(place, {
      kind: 'kube',
      kubeconfig: '/home/k',
      context: 'c',
      gateway,
      istioNamespace: 'istio-system',
    })
    assert.deepEqual(mesh, { path: '/home/m', flags: [] })
    assert.deepEqual(ca, { kind: 'files', dir: '/home/d' })
    assert.equal(inCluster(['--ca', 'dev']).ca.kind, 'dev')
  })

  it('looks for Istio where it is said to be', () => {
    const { place, mesh } = inCluster(['--istio-namespace', 'mesh'])
    assert.equal(place.kind === 'kube' ? place.istioNamespace : undefined, 'mesh')
    assert.equal(mesh?.path, 'ConfigMap mesh/istio')
    assert.throws(() => inCluster(['--istio-namespace', 'a.b']), /--istio-namespace "a\.b" is no name of a namespace/)
    assert.throws(
      () => decodeRunOptions(['-f', 'a', '--istio-namespace', 'mesh'], { env: {}, cwd: '/' }),
      /--istio-namespace is of use with --kube only/,
    )
  })

  it('needs to know which Gateway this is', () => {
    assert.throws(() => inCluster([], { GATEWAY_NAME: '' }), /--kube needs to know which Gateway this is/)
  })
})

describe('the environment of fairway run', () => {
  it('says where it runs where no flag does', () => {
    const env = { FAIRWAY_ZONE: 'eu-1a', FAIRWAY_NODE: 'n1' }
    const placeOf = ({ zone, node }: ReturnType<typeof decode>) => [zone, node]
    assert.deepEqual(placeOf(decode([], env)), ['eu-1a', 'n1'])
    assert.deepEqual(placeOf(decode(['--zone', 'eu-1b'], env)), ['eu-1b', 'n1'])
    assert.deepEqual(placeOf(decode([], { FAIRWAY_ZONE: '' })), [undefined, undefined])
    assert.throws(() => decode([], { FAIRWAY_NODE: 'no de' }), /FAIRWAY_NODE "no de" is not the name of a node/)
  })

  it('names the gateway where no flag does', () => {
    const env = { GATEWAY_NAMESPACE: 'shop', GATEWAY_NAME: 'waypoint' }
    assert.deepEqual(decode([], env).gateway, { namespace: 'shop', name: 'waypoint' })
    assert.deepEqual(decode(['--gateway', 'a/b'], env).gateway, { namespace: 'a', name: 'b' })
    assert.equal(decode([], { GATEWAY_NAME: 'waypoint' }).gateway, undefined)
    assert.throws(
      () => decode([], { ...env, GATEWAY_NAME: 'Way point' }),
      /GATEWAY_NAMESPACE\/GATEWAY_NAME "shop\/Way point"/,
    )
  })
})
