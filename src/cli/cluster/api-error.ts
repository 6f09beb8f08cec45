/** What the API server, or the way to it, answers instead of what was asked for, in words for whoever asked. */
import type { KubeFailure, KubeResult } from '../../kube/failure.ts'
import { escapeControl } from '../../lib/format-issue.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { CliError } from '../verb.ts'

/** The value; throws `CliError` for a failure. `doing` is what was tried: `apply Gateway shop/waypoint`. */
export const demand = <T>(result: KubeResult<T>, doing: string): T => {
  if (result.ok) return result.value
  throw apiError(result.failure, doing)
}

/** The value, or `undefined` for an object that is not there; throws `CliError` for any other failure. */
export const demandOrNone = <T>(result: KubeResult<T>, doing: string): T | undefined => {
  if (!result.ok && isNotThere(result.failure)) return undefined
  return demand(result, doing)
}

/** Whether an object is not there, though its kind is. */
export const isNotThere = (failure: KubeFailure): boolean => failure.status === 404 && !isKindMissing(failure)

/** Whether the server has no such kind: it then has no such path. */
export const isKindMissing = ({ status, message }: KubeFailure): boolean =>
  status === 404 && /^404 page not found|could not find the requested resource/.test(message)

/** The failure as an error of the command: what was tried, why it did not work, and what to do next. */
export const apiError = (failure: KubeFailure, doing: string): CliError => {
  const { exitCode, why, next } = explain(failure)
  return new CliError(exitCode, escapeControl(`cannot ${doing}: ${why}`), { next, cause: failure })
}

interface Words {
  readonly exitCode: ExitCode
  readonly why: string
  readonly next?: string | undefined
}

const explain = (failure: KubeFailure): Words => {
  const { reason, message, status } = failure
  if (reason in ofTheWay) return explainWay(failure)
  if (isKindMissing(failure)) {
    return { exitCode: exitCodes.failure, why: `the API server has no such kind (${pathOf(failure)})` }
  }
  switch (status) {
    case 401:
      return {
        exitCode: exitCodes.notPermitted,
        why: `${serverOf(failure)} does not accept who you are`,
        next: 'the token or certificate of the kubeconfig may have expired: log in again, and try kubectl auth whoami',
      }
    case 403:
      return explainForbidden(failure)
    case 409:
      return explainConflict(failure)
    case 422:
      return { exitCode: exitCodes.failure, why: faultsOf(failure) }
    case 429:
    case 500:
    case 503:
    case 504:
      return {
        exitCode: exitCodes.clusterUnreachable,
        why: `${serverOf(failure)} answered ${status} ${reason}: ${message}`,
        next: 'try again; if it stays so, look at the health of the control plane: kubectl get --raw /readyz?verbose',
      }
    case undefined:
    default:
      return { exitCode: exitCodes.failure, why: message }
  }
}

const connectNext = '--kubeconfig and --context name another cluster; kubectl cluster-info asks the same one'

/** What goes wrong before there is an answer of Kubernetes. */
const ofTheWay: Readonly<Record<string, Pick<Words, 'exitCode' | 'next'>>> = {
  Unreachable: { exitCode: exitCodes.clusterUnreachable, next: connectNext },
  Timeout: { exitCode: exitCodes.clusterUnreachable, next: '--request-timeout gives it longer' },
  Untrusted: {
    exitCode: exitCodes.clusterUnreachable,
    next: 'the certificate-authority of the kubeconfig has to be the one that signed it',
  },
  Credentials: { exitCode: exitCodes.badConfiguration, next: 'they stand with the user of the kubeconfig' },
  Aborted: { exitCode: exitCodes.failure },
  BadAnswer: { exitCode: exitCodes.clusterUnreachable, next: `is it a Kubernetes API server? ${connectNext}` },
}

const explainWay = (failure: KubeFailure): Words => {
  const { reason, message } = failure
  const words = ofTheWay[reason] ?? { exitCode: exitCodes.failure }
  switch (reason) {
    case 'Unreachable':
      return { ...words, why: `${serverOf(failure)} cannot be reached: ${message}` }
    case 'Timeout':
      return { ...words, why: `${serverOf(failure)} did not answer: ${message}` }
    case 'Untrusted':
      return { ...words, why: `the certificate of ${serverOf(failure)} is not trusted: ${message}` }
    case 'Credentials':
      return { ...words, why: `there are no credentials to show: ${message}` }
    case 'Aborted':
      return { ...words, why: 'it was called off' }
    default:
      return { ...words, why: `what ${serverOf(failure)} answered cannot be used: ${message}` }
  }
}

/** A right that is missing, as RBAC puts it. */
export interface MissingRight {
  readonly user: string
  readonly verb: string
  /** `gateways.gateway.networking.k8s.io`, with a subresource behind a slash. */
  readonly resource: string
  /** `undefined`: of the cluster. */
  readonly namespace: string | undefined
}

/** Reads which right is missing; `undefined` where it is not for a role that something is forbidden (quotas, webhooks). */
export const missingRightOf = ({ status, message }: KubeFailure): MissingRight | undefined => {
  const found =
    status === 403
      ? /User "([^"]*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?/.exec(
          message,
        )
      : null
  if (found === null) return undefined
  const [, user = '', verb = '', plural = '', group = '', namespace] = found
  const [resource = '', subresource] = plural.split('/')
  const full = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`
  return { user, verb, resource: full, namespace }
}

/** `user "bob" may not patch gateways.gateway.networking.k8s.io in namespace shop` */
export const formatMissingRight = ({ user, verb, resource, namespace }: MissingRight): string =>
  `user ${JSON.stringify(user)} may not ${verb} ${resource}${namespace === undefined ? '' : ` in namespace ${namespace}`}`

const explainForbidden = (failure: KubeFailure): Words => {
  const exitCode = exitCodes.notPermitted
  const right = missingRightOf(failure)
  if (right === undefined) return { exitCode, why: `it is forbidden: ${failure.message}` }
  const { verb, resource, namespace, user } = right
  const where = namespace === undefined ? '' : ` -n ${namespace}`
  const role = namespace === undefined ? 'ClusterRole' : 'Role or ClusterRole'
  return {
    exitCode,
    why: formatMissingRight(right),
    next: `bind ${user} a ${role} with that verb; kubectl auth can-i ${verb} ${resource}${where} tells whether it is so`,
  }
}

/** Server-side apply names each field that somebody else has, and who. */
const explainConflict = (failure: KubeFailure): Words => {
  const exitCode = exitCodes.failure
  const owned = (failure.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict')
  if (owned.length === 0) return { exitCode, why: failure.message, next: 'somebody changed it meanwhile: try again' }
  const fields = owned.map(({ field, message }) => {
    const [, manager = '?'] = /with "([^"]*)"/.exec(message) ?? []
    return `${field.replace(/^\./, '')} is written by ${manager}`
  })
  return {
    exitCode,
    why: fields.join('; '),
    next: 'change it where it is written, or take the fields over with --force-conflicts',
  }
}

const faultsOf = ({ message, causes = [] }: KubeFailure): string =>
  causes.length === 0
    ? message
    : causes.map(({ field, message: fault }) => (field === '' ? fault : `${field}: ${fault}`)).join('; ')

/** `https://10.96.0.1:443`, of `GET https://10.96.0.1:443/api/v1/pods`. */
const serverOf = ({ asked }: KubeFailure): string => {
  const [, url = ''] = asked.split(' ')
  return URL.canParse(url) ? new URL(url).origin : url
}

const pathOf = ({ asked }: KubeFailure): string => {
  const [, url = ''] = asked.split(' ')
  return URL.canParse(url) ? new URL(url).pathname : url
}
