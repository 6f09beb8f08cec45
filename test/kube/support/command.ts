/** Command lines against an API server, in this process. */
import { runProgram } from '../../../src/cli/program.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import type { KubeServer } from '../../support/kube/kube-server.ts'
import type { JsonObject } from '../../support/kube/stand-in/json.ts'
import { createTerminal, type RecordedTerminal, type TerminalOptions } from '../../support/terminal.ts'

export interface CommandOptions extends TerminalOptions {
  /** Default: `admin`, who may do everything. */
  readonly user?: string
  /** Default: that of the server. */
  readonly kubeconfig?: string
  /** For whoever wants to see what is printed while it runs. */
  readonly terminal?: RecordedTerminal
}

/** How a command ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Makes what runs `fairway ARGS` as somebody. */
export const commandOf =
  (server: Pick<KubeServer, 'kubeconfig' | 'kubeconfigOf'>) =>
  async (args: string | readonly string[], options: CommandOptions = {}): Promise<Ended> => {
    const { user, kubeconfig = user === undefined ? server.kubeconfig : server.kubeconfigOf(user), ...rest } = options
    const { terminal = createTerminal(rest) } = options
    const given = typeof args === 'string' ? args.split(' ') : args
    const code = await runProgram({ version: '0', verbs }, [...given, '--kubeconfig', kubeconfig], terminal)
    return { code, out: terminal.stdout(), err: terminal.stderr() }
  }

const RBAC = 'rbac.authorization.k8s.io'

/** Gives somebody rights in a namespace, or everywhere: `get,list gateways.gateway.networking.k8s.io`. */
export const grant = async (
  { ask }: Pick<KubeServer, 'ask'>,
  user: string,
  { namespace, rights }: { readonly namespace?: string; readonly rights: readonly string[] },
): Promise<void> => {
  const rules = rights.map((right) => {
    const [verbList = '', resource = ''] = right.split(' ')
    const [plural = '', ...group] = resource.split('.')
    return { verbs: verbList.split(','), resources: [plural], apiGroups: [group.join('.')] }
  })
  const kind = namespace === undefined ? 'ClusterRole' : 'Role'
  const base = `/apis/${RBAC}/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}`
  const named = (which: string): JsonObject => ({ apiVersion: `${RBAC}/v1`, kind: which, metadata: { name: user } })
  await ask.good('POST', `${base}s`, { body: { ...named(kind), rules } })
  const subjects = [{ kind: 'User', apiGroup: RBAC, name: user }]
  const roleRef = { apiGroup: RBAC, kind, name: user }
  await ask.good('POST', `${base}bindings`, { body: { ...named(`${kind}Binding`), subjects, roleRef } })
}
