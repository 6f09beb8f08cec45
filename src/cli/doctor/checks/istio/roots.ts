import {
  readCertificates,
  viewCertificate,
  type CertificateView,
} from '../../../../identity/report/certificate-view.ts'
import { textAt, type LiveObject } from '../../../../controller/manifest.ts'
import { keyOfLive, refOf } from '../../look/live.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0309' | 'FW0310' | 'FW0311' | 'FW0312'

const MAP = 'istio-ca-root-cert'
const DAY_MS = 86_400_000
const SOON_MS = 30 * DAY_MS

export const rootsCheck = defineCheck({
  name: 'roots',
  section: 'istio',
  title: 'the mesh’s root certificates are where waypoints look, and valid',
  needs: ['ConfigMap'],
  codes: {
    FW0309: {
      level: 'error',
      title: 'The mesh’s root certificate is missing',
      cause:
        'istiod puts a ConfigMap istio-ca-root-cert into each namespace; Pods of waypoints mount it, and do not start without it. It is missing in the namespace of a waypoint, or has no certificate that can be read.',
      cure: 'See whether istiod runs and may write ConfigMaps, and whether discovery selectors leave the namespace out.',
    },
    FW0310: {
      level: 'error',
      title: 'A root certificate is not valid now',
      cause:
        'All root certificates of a ConfigMap istio-ca-root-cert have expired, or are not valid yet: no handshake in the mesh succeeds, or none will from the next on.',
      cure: 'Give istiod a new root (secret cacerts), with the old one beside it for as long as certificates of it are in use.',
    },
    FW0311: {
      level: 'warning',
      title: 'A root certificate expires soon',
      cause: 'A root certificate of the mesh expires within thirty days. When it has, no handshake succeeds.',
      cure: 'Add a new root beside it (secret cacerts of istiod), and take the old one away when all certificates have been renewed.',
    },
    FW0312: {
      level: 'warning',
      title: 'Namespaces have different root certificates',
      cause:
        'The ConfigMap istio-ca-root-cert of a waypoint’s namespace shares no root with that of Istio’s own: it is from before a change of roots, or of another mesh. The waypoint does not trust istiod, nor its clients.',
      cure: 'Delete the ConfigMap, so that istiod writes it anew; if it does not, see its log.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    const namespaces = [...new Set([mesh.settings.istioNamespace, ...waypoints.map(({ plan }) => plan.namespace)])]
    const home = printsOf(mesh.get('ConfigMap', mesh.settings.istioNamespace, MAP))
    const expiries: string[] = []
    const findings = namespaces.flatMap((namespace): readonly Finding<Code>[] => {
      const configMap = mesh.get('ConfigMap', namespace, MAP)
      const certificates = certificatesOf(configMap)
      expiries.push(...certificates.map(({ notAfter }) => notAfter.slice(0, 10)))
      if (configMap === undefined || certificates.length === 0) {
        const message = configMap === undefined ? 'there is no such ConfigMap' : 'root-cert.pem has no certificate'
        const next = `kubectl get configmap ${MAP} -n ${namespace}`
        return [{ code: 'FW0309', object: { kind: 'ConfigMap', namespace, name: MAP }, message, next }]
      }
      return [...judgeDates(configMap, certificates, mesh.nowMs), ...compare(configMap, home)]
    })
    return found(findings, expiries.length === 0 ? undefined : `valid until ${expiries.toSorted()[0] ?? ''}`)
  },
})

const certificatesOf = (configMap: LiveObject | undefined): readonly CertificateView[] =>
  readCertificates(textAt(configMap, 'data', 'root-cert.pem')).map(viewCertificate)

const printsOf = (configMap: LiveObject | undefined): ReadonlySet<string> =>
  new Set(certificatesOf(configMap).map(({ sha256 }) => sha256))

const judgeDates = (
  configMap: LiveObject,
  certificates: readonly CertificateView[],
  nowMs: number,
): readonly Finding<Code>[] => {
  const object = refOf(configMap)
  const next = `kubectl get configmap ${MAP} -n ${object.namespace} -o jsonpath='{.data.root-cert\\.pem}' | openssl x509 -noout -dates`
  const valid = certificates.filter(
    ({ notBefore, notAfter }) => Date.parse(notBefore) <= nowMs && Date.parse(notAfter) > nowMs,
  )
  if (valid.length === 0) {
    const [{ notBefore, notAfter } = { notBefore: '', notAfter: '' }] = certificates
    const isEarly = Date.parse(notBefore) > nowMs
    return [
      { code: 'FW0310', object, message: isEarly ? `not valid before ${notBefore}` : `expired at ${notAfter}`, next },
    ]
  }
  const last = Math.max(...valid.map(({ notAfter }) => Date.parse(notAfter)))
  if (last - nowMs > SOON_MS) return []
  const days = Math.floor((last - nowMs) / DAY_MS)
  return [{ code: 'FW0311', object, message: `expires in ${days} ${days === 1 ? 'day' : 'days'}`, next }]
}

const compare = (configMap: LiveObject, home: ReadonlySet<string>): readonly Finding<Code>[] => {
  if (home.size === 0 || !printsOf(configMap).isDisjointFrom(home)) return []
  const message = `none of its roots is one of Istio’s own namespace`
  const next = `kubectl delete configmap ${keyOfLive(configMap).replace(/^(.*)\/(.*)$/, '$2 -n $1')}`
  return [{ code: 'FW0312', object: refOf(configMap), message, next }]
}
