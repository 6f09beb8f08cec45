/** `fairway explain`: what would become of a request, and why. */
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable, type FlagValues } from '../arguments.ts'
import { defaultAdmin } from '../ask-admin.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeFiltersDir, filterFlags } from '../filter-flags.ts'
import { decodeHostPort } from '../host-port.ts'
import { decodeMesh, meshFlags } from '../mesh-flags.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import type { Explainer } from './ask-for-explanation.ts'
import { createDocument } from './explanation-document.ts'
import { formatExplanation } from './format-explanation.ts'
import { imagineRequest } from './imagined-request.ts'

const formats = ['table', 'json', 'yaml'] as const

/** Its flags. */
export const explainFlags = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder, - for stdin, in place of a waypoint; repeatable',
  },
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of a running waypoint; default ${defaultAdmin}` },
  request: { type: 'string', short: 'X', value: 'METHOD', help: 'method, as before the URL; default GET' },
  header: { type: 'string', short: 'H', multiple: true, value: "'NAME: VALUE'", help: 'add a header; repeatable' },
  from: { type: 'string', value: 'NS/SA', help: 'who asks; also NS, TD/NS/SA or a SPIFFE ID; default nobody known' },
  address: { type: 'string', value: 'IP', help: 'address that its tunnel comes from' },
  claims: { type: 'string', value: 'JSON', help: 'what a verified token of the client says' },
  sni: { type: 'string', value: 'NAME', help: 'server name of a TLS connection; default that of tls://NAME' },
  output: outputFlag(formats),
  ...meshFlags,
  filters: filterFlags.filters,
} as const satisfies FlagTable

const help = `fairway explain: what would become of a request, and why

Examples
  fairway explain GET http://api.shop/items -f objects/          by files, without a cluster
  fairway explain http://api.shop/items --from web/front         in the waypoint on this machine
  fairway explain POST http://10.96.0.10/orders -f a.yaml -f b.yaml -H 'x-user: ann' --from web/front
  fairway explain http://api.shop/me -f objects/ --claims '{"iss":"https://id.example","sub":"ann"}'
  fairway explain tcp://db.shop:5432 -f objects/                 a connection; tls://NAME is one with a server name
  fairway explain http://api.shop/items -f objects/ -o json | jq -r .rule
  kubectl exec deploy/waypoint -- fairway explain http://api.shop/items
                                                                 in the waypoint of a pod

Usage
  fairway explain [METHOD] URL [-f PATH… | --admin HOST:PORT] [flags]

Nothing is sent. The functions that carry the traffic are asked what they would do, and say which Service and route it
is, what policies have to say to it, who gets it, and why the others do not. Short names are tried as DNS in the
cluster would, those without a dot in the namespace of --from.
Exit code 0 when somebody would answer it, 79 when it would be refused, 78 when a file cannot be read, 1 when the
waypoint does not answer.

Flags
${formatFlags(explainFlags)}
`

type Flags = FlagValues<typeof explainFlags>

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, explainFlags, 2)
  const format = decodeChoice('output', flags.output, formats)
  const request = imagineRequest(positionals, flags)
  const { askForExplanation, refuseBadRequest } = await import('./ask-for-explanation.ts')
  refuseBadRequest(request)
  const answer = await askForExplanation(request, await chooseExplainer(flags, terminal))
  const document = createDocument(request, answer, flags.file.length === 0)
  await printAs(format, { table: (look) => formatExplanation(document, look), document: () => document }, terminal)
  return document.isServed ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const explainVerb: Verb = { help, flags: explainFlags, positionals: ['METHOD', 'URL'], run }

const chooseExplainer = async (flags: Flags, terminal: Terminal): Promise<Explainer> => {
  const { file: files, 'cluster-domain': clusterDomain } = flags
  if (files.length === 0) {
    const { fromWaypoint } = await import('./ask-for-explanation.ts')
    return fromWaypoint(decodeHostPort('--admin', flags.admin ?? defaultAdmin))
  }
  if (flags.admin !== undefined) throw usageError('--file and --admin are two places to look', 'leave one of them out')
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const { explainFiles } = await import('./explain-files.ts')
  return explainFiles({ files, mesh: decodeMesh(flags, terminal), filtersDir, clusterDomain }, terminal)
}
