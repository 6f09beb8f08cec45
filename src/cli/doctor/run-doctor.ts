/** What `fairway doctor` does; apart from its flags, which are read where little may be loaded. */
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../lib/clock.ts'
import { version } from '../../lib/version.ts'
import { decodeChoice, decodeDuration, usageError, type FlagValues } from '../arguments.ts'
import { decodeNamespace, openCluster } from '../cluster/access-flags.ts'
import { decodeClusterDomain } from '../cluster-domain-flag.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeIstioNamespace } from '../istio-namespace-flag.ts'
import { createColours } from '../terminal/colours.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal } from '../verb.ts'
import { levels, type Level } from './check.ts'
import { doctorFormats, type doctorFlags } from './doctor-flags.ts'
import { explainCode } from './explain-code.ts'
import { formatReport, formatShort } from './format-report.ts'
import type { Mesh } from './mesh/mesh.ts'
import type { MeshSettings } from './mesh/mesh-input.ts'
import { readMesh } from './mesh/read-mesh.ts'
import { createDocument } from './report-document.ts'
import type { Report } from './run-checks.ts'
import { decodeSuppressions } from './suppressions.ts'
import { lookUntilFine, type Look } from './wait-until-fine.ts'

type Format = (typeof doctorFormats)[number]
type Given = FlagValues<typeof doctorFlags>

/** Does what the flags say. Throws `CliError` for what people can put right. */
export const runDoctor = async (given: Given, terminal: Terminal): Promise<ExitCode> => {
  if (given.explain !== undefined) {
    terminal.out.write(explainCode(given.explain))
    return exitCodes.fine
  }
  const format = decodeChoice('output', given.output, doctorFormats)
  const threshold = decodeChoice('failure-threshold', given['failure-threshold'], levels)
  const suppressions = decodeSuppressions(given.suppress)
  const timeoutMs = given.wait ? decodeDuration('wait-timeout', given['wait-timeout']) : 0
  const settings = decodeSettings(given)
  const client = await openCluster(given, terminal)
  const end = new AbortController()
  const unhear = terminal.onSignal(() => end.abort())
  try {
    const look = createLook(client, { given, settings, signal: end.signal })
    const { report, mesh, isLate } = await lookUntilFine(
      { look, suppressions, threshold, timeoutMs },
      { clock: systemClock, signal: end.signal, err: terminal.err },
    )
    await print(format, report, { mesh, terminal })
    if (isLate) return exitCodes.timedOut
    return isBelow(report, threshold) ? exitCodes.fine : exitCodes.findings
  } finally {
    unhear()
    client.close()
  }
}

const createLook = (
  client: KubeClient,
  { given, settings, signal }: { readonly given: Given; readonly settings: MeshSettings; readonly signal: AbortSignal },
): Look => {
  const scope = decodeNamespaces(given, client)
  return () => readMesh({ client, clock: systemClock, scope, settings, signal })
}

const decodeSettings = (given: Given): MeshSettings => ({
  istioNamespace: decodeIstioNamespace(given['istio-namespace']),
  clusterDomain: decodeClusterDomain(given['cluster-domain']),
  version,
})

const decodeNamespaces = (
  given: Pick<Given, 'namespace' | 'all-namespaces'>,
  client: Pick<KubeClient, 'connection'>,
): readonly string[] | undefined => {
  if (given['all-namespaces'] && given.namespace.length > 0) {
    throw usageError('--namespace and --all-namespaces are two answers to one question', 'leave one of them out')
  }
  if (given.namespace.length === 0) return undefined
  return [...new Set(given.namespace.map((namespace) => decodeNamespace(namespace, client)))]
}

const isBelow = ({ results }: Report, threshold: Level): boolean => {
  const counted = levels.slice(0, levels.indexOf(threshold) + 1)
  return results.every(({ findings }) => findings.every(({ level }) => !counted.includes(level)))
}

const print = async (
  format: Format,
  report: Report,
  { mesh, terminal }: { readonly mesh: Mesh; readonly terminal: Terminal },
): Promise<void> => {
  if (format === 'short') {
    const { out, env } = terminal
    return out.write(formatShort(report, { colours: createColours(out, env), maxWidth: undefined }))
  }
  const found = {
    table: (look: Parameters<typeof formatReport>[1]) => formatReport(report, look),
    document: () => createDocument(report, mesh),
  }
  await printAs(format, found, terminal)
}
