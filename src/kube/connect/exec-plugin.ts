import { execFile } from 'node:child_process'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { noCredentials, type CredentialsResult, type KubeCredentials } from './connection.ts'
import type { ExecConfig } from './kubeconfig.ts'

/** Runs a program to its end; tests pass their own. */
export type RunProgram = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) => Promise<{ readonly ok: true; readonly stdout: string } | { readonly ok: false; readonly message: string }>

export interface ExecPluginOptions {
  readonly config: ExecConfig
  /** What relative commands count from: the folder of the kubeconfig. */
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** What the plugin is told of the cluster, if it asks for it. */
  readonly cluster: Readonly<Record<string, unknown>>
  readonly run?: RunProgram
}

const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** A credential is renewed so long before it ends, since it has to live until the server has read it. */
const leewayMs = 30_000
const deadlineMs = 60_000

/**
 * Makes what asks a program for credentials (client-go's credential plugins): `aws eks get-token`, `gke-gcloud-auth-plugin`.
 * What it said is kept until it ends, or was refused.
 */
export const createExecPlugin = (options: ExecPluginOptions): ((isRefused: boolean) => Promise<CredentialsResult>) => {
  const { clock } = options
  let last: Granted | undefined
  let asking: Promise<CredentialsResult> | undefined
  const ask = async (): Promise<CredentialsResult> => {
    const answer = await runPlugin(options)
    last = answer.ok ? answer : undefined
    return answer.ok ? { ok: true, value: answer.credentials } : noCredentials(answer.message)
  }
  return (isRefused) => {
    const isGood = last !== undefined && !isRefused && clock.nowMs() < last.expiresAtMs - leewayMs
    if (isGood && last !== undefined) return Promise.resolve({ ok: true, value: last.credentials })
    // Many ask at once, and it may open a browser.
    asking ??= ask().finally(() => (asking = undefined))
    return asking
  }
}

interface Granted {
  readonly ok: true
  readonly credentials: KubeCredentials
  readonly expiresAtMs: number
}

const runPlugin = async (
  options: ExecPluginOptions,
): Promise<Granted | { readonly ok: false; readonly message: string }> => {
  const { config, folder, env, cluster, run = runProgram } = options
  const { apiVersion, command, args, installHint } = config
  const refuse = (message: string) => ({ ok: false as const, message: `credential plugin ${command}: ${message}` })
  if (!apiVersions.includes(apiVersion)) {
    return refuse(`apiVersion ${apiVersion} is not known, only ${apiVersions.join(' and ')} are`)
  }
  if (config.interactiveMode === 'Always')
    return refuse('it wants a terminal (interactiveMode: Always), and there is none')
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(config.provideClusterInfo ? { cluster } : {}) },
  }
  const own = Object.fromEntries(config.env.map(({ name, value }) => [name, value]))
  const isRelative = command.includes('/') && !isAbsolute(command)
  const ran = await run(isRelative ? join(folder, command) : command, args, {
    ...env,
    ...own,
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  })
  if (!ran.ok) return refuse(`${ran.message}${installHint === undefined ? '' : `. ${installHint}`}`)
  return readCredential(ran.stdout, apiVersion) ?? refuse('it gave no ExecCredential with a token or certificate')
}

const readCredential = (text: string, apiVersion: string): Granted | undefined => {
  const value = parseJson(text)
  if (!isPlainObject(value) || value['kind'] !== 'ExecCredential' || value['apiVersion'] !== apiVersion)
    return undefined
  const status = isPlainObject(value['status']) ? value['status'] : {}
  const field = (name: string): string | undefined => {
    const found = status[name]
    return typeof found === 'string' && found !== '' ? found : undefined
  }
  const [token, certificate, key] = [field('token'), field('clientCertificateData'), field('clientKeyData')]
  if (token === undefined && (certificate === undefined || key === undefined)) return undefined
  const expiresAtMs = Date.parse(field('expirationTimestamp') ?? '')
  return {
    ok: true,
    credentials: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), certificate, key },
    expiresAtMs: Number.isNaN(expiresAtMs) ? Number.POSITIVE_INFINITY : expiresAtMs,
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What it prints on stderr is for people, and passed on when it fails; what it prints on stdout is secret. */
export const runProgram = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  limitMs = deadlineMs,
): ReturnType<RunProgram> => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<RunProgram>>>()
  // Nothing is asked before it has ended, so that it must not be for it to say when.
  const options = { env, timeout: limitMs, killSignal: 'SIGKILL' as const, maxBuffer: 1024 * 1024 }
  const child = execFile(command, args, options, (error, stdout, stderr) => {
    if (error === null) return resolve({ ok: true, stdout })
    const told = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
    const code = errorCode(error)
    const why = code === 'ENOENT' ? 'there is no such program' : `it ended with ${String(error.code ?? error.signal)}`
    resolve({ ok: false, message: told === '' ? why : `${why}: ${told}` })
  })
  child.stdin?.end()
  return promise
}
