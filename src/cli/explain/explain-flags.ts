import type { FlagTable } from '../arguments.ts'
import { defaultAdmin } from '../ask-admin.ts'
import { accessFlags } from '../cluster/access-flags.ts'
import { filterFlags } from '../filter-flags.ts'
import { istioNamespaceFlag } from '../istio-namespace-flag.ts'
import { meshFlags } from '../mesh-flags.ts'
import { outputFlag } from '../output-flag.ts'

/** What `-o` takes. */
export const explainFormats = ['table', 'json', 'yaml'] as const

/** Of `fairway explain`. */
export const explainFlags = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder, - for stdin, in place of a waypoint; repeatable',
  },
  kube: { type: 'boolean', help: 'as a waypoint of a cluster would; also with -n, --kubeconfig or --context alone' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: 'with --kube: only waypoints that are in it; default all',
  },
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of a running waypoint; default ${defaultAdmin}` },
  request: { type: 'string', short: 'X', value: 'METHOD', help: 'method, as before the URL; default GET' },
  header: { type: 'string', short: 'H', multiple: true, value: "'NAME: VALUE'", help: 'add a header; repeatable' },
  from: { type: 'string', value: 'NS/SA', help: 'who asks; also NS, TD/NS/SA or a SPIFFE ID; default nobody known' },
  address: { type: 'string', value: 'IP', help: 'address that its tunnel comes from' },
  claims: { type: 'string', value: 'JSON', help: 'what a verified token of the client says' },
  sni: { type: 'string', value: 'NAME', help: 'server name of a TLS connection; default that of tls://NAME' },
  output: outputFlag(explainFormats),
  ...meshFlags,
  filters: filterFlags.filters,
  ...istioNamespaceFlag,
  ...accessFlags,
} as const satisfies FlagTable
