import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeRunOptions } from './run-options.ts'
import { CliError } from './verb.ts'

const decode = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  decodeRunOptions(['-f', 'a.yaml', ...args], { env, cwd: '/home/me' }).ca

/** What a pod finds that nobody told anything. */
const inPod = {
  kind: 'istiod',
  address: 'istiod.istio-system.svc:15012',
  serverName: undefined,
  caRootPath: undefined,
  meshRootsPath: '/var/run/secrets/istio/root-cert.pem',
  crlPath: '/var/run/secrets/istio/crl/ca-crl.pem',
  tokenPath: '/var/run/secrets/tokens/istio-token',
  clusterId: 'Kubernetes',
  ttlMs: 86_400_000,
  certSigner: undefined,
  account: undefined,
}

describe('--ca istiod', () => {
  const cases: readonly (readonly [
    what: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    expected: object,
  ])[] = [
    ['has the places of Istio’s pods', [], {}, {}],
    [
      'takes ztunnel’s address',
      [],
      { CA_ADDRESS: 'https://istiod-canary.istio-system.svc:15012' },
      { address: 'istiod-canary.istio-system.svc:15012' },
    ],
    [
      'takes pilot-agent’s address',
      [],
      { CA_ADDR: 'cert-manager-istio-csr.cert-manager.svc:443' },
      { address: 'cert-manager-istio-csr.cert-manager.svc:443' },
    ],
    ['takes ztunnel’s address before pilot-agent’s', [], { CA_ADDRESS: 'a:1', CA_ADDR: 'b:2' }, { address: 'a:1' }],
    ['takes a flag before both', ['--ca-address', 'c'], { CA_ADDRESS: 'a:1' }, { address: 'c:15012' }],
    [
      'takes an IP address with a name',
      ['--ca-address', '[::1]'],
      { ISTIOD_SAN: 'x' },
      { address: '[::1]:15012', serverName: 'x' },
    ],
    [
      'takes files by flags',
      ['--ca-root', 'r.pem', '--ca-token', '/t'],
      {},
      { meshRootsPath: '/home/me/r.pem', tokenPath: '/t' },
    ],
    ['takes ztunnel’s cluster', [], { CLUSTER_ID: 'eu' }, { clusterId: 'eu' }],
    ['takes pilot-agent’s cluster', [], { ISTIO_META_CLUSTER_ID: 'us' }, { clusterId: 'us' }],
    ['takes roots for the CA alone', [], { CA_ROOT_CA: '/vault.pem' }, { caRootPath: '/vault.pem' }],
    ['takes public CAs', [], { CA_ROOT_CA: 'SYSTEM' }, { caRootPath: 'SYSTEM' }],
    ['takes a life as Go writes it', [], { SECRET_TTL: '1h0m0s' }, { ttlMs: 3_600_000 }],
    ['takes a signer', [], { ISTIO_META_CERT_SIGNER: 'x/y' }, { certSigner: 'x/y' }],
    [
      'takes the name of the CA',
      [],
      { ISTIOD_SAN: 'istiod.istio-system.svc' },
      { serverName: 'istiod.istio-system.svc' },
    ],
    ['takes a list of revoked certificates', [], { CRL_PATH: '/crl' }, { crlPath: '/crl' }],
    [
      'takes the account',
      [],
      { POD_NAMESPACE: 'shop', SERVICE_ACCOUNT: 'way' },
      { account: { namespace: 'shop', serviceAccount: 'way' } },
    ],
    ['takes no half account', [], { POD_NAMESPACE: 'shop' }, {}],
    ['takes an empty variable for none', [], { CA_ADDRESS: '', CLUSTER_ID: '' }, {}],
  ]
  for (const [what, args, env, expected] of cases) {
    it(what, () => assert.deepEqual(decode(['--ca', 'istiod', ...args], env), { ...inPod, ...expected }))
  }
})

describe('--ca spire', () => {
  for (const written of ['unix:///run/spire/agent.sock', 'unix:/run/spire/agent.sock']) {
    it(`finds its socket at ${written}`, () => {
      const expected = { kind: 'spire', socketPath: '/run/spire/agent.sock', hint: undefined }
      assert.deepEqual(decode(['--ca', 'spire'], { SPIFFE_ENDPOINT_SOCKET: written }), expected)
    })
  }

  it('takes a hint', () => {
    const expected = { kind: 'spire', socketPath: '/a', hint: 'internal' }
    assert.deepEqual(
      decode(['--ca', 'spire', '--spire-hint', 'internal'], { SPIFFE_ENDPOINT_SOCKET: 'unix:/a' }),
      expected,
    )
  })
})

const wrong: readonly (readonly [args: readonly string[], env: Readonly<Record<string, string>>, message: RegExp])[] = [
  [
    ['--ca', 'istiod', '--ca-address', 'http://istiod:15012'],
    {},
    /--ca-address "http:\/\/istiod:15012" is not of the form/,
  ],
  [['--ca', 'istiod'], { CA_ADDRESS: 'a:99999' }, /CA_ADDRESS "a:99999" is not of the form/],
  [['--ca', 'istiod', '--ca-address', '10.0.0.1:15012'], {}, /--ca-address "10\.0\.0\.1:15012" is an IP address/],
  [['--ca', 'istiod'], { SECRET_TTL: 'a day' }, /SECRET_TTL "a day" is not a duration/],
  [['--ca', 'istiod'], { SECRET_TTL: '5s' }, /at least 10s/],
  [['--ca', 'spire'], {}, /--ca spire needs the environment variable SPIFFE_ENDPOINT_SOCKET/],
  [['--ca', 'spire'], { SPIFFE_ENDPOINT_SOCKET: 'tcp://127.0.0.1:8081' }, /is not of the form unix:\/\/\/PATH/],
]
for (const [args, env, message] of wrong) {
  it(`refuses ${args.join(' ')} with ${JSON.stringify(env)}`, () => {
    assert.throws(
      () => decode(args, env),
      (error) => error instanceof CliError && error.exitCode === 64 && message.test(error.message),
    )
  })
}
