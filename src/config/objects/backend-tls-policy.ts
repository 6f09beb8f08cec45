/**
 * BackendTLSPolicy (gateway.networking.k8s.io/v1), unknown to typed. A policy that cannot be understood is never
 * skipped, since its backends would then be spoken to in plaintext: its `defects` close what it targets.
 */
import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import { hideFound } from '../../lib/secrets/hide-found.ts'
import type { KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import { decodeTargetRefs, sectionRef, type PolicyTargetRef } from './target-refs.ts'

export interface BackendTlsPolicyObject {
  readonly kind: 'BackendTLSPolicy'
  readonly metadata: Metadata
  readonly targetRefs: readonly PolicyTargetRef[]
  /** Absent only when there are defects. */
  readonly validation?: BackendValidation
  /** What keeps the policy from being carried out as written. */
  readonly defects: readonly Issue[]
}

/** Whom to trust. */
export interface BackendValidation {
  readonly hostname: string
  readonly subjectAltNames: readonly { readonly type: 'Hostname' | 'URI'; readonly value: string }[]
  readonly ca: 'System' | readonly CaCertificateRef[]
}

export interface CaCertificateRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  /** `spec.validation.caCertificateRefs[0]` */
  readonly path: string
}

const dnsName = /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/
const isIp = /^[0-9]+(?:\.[0-9]+){3}$/

const notIp = (schema: s.Schema<string>): s.Schema<string> =>
  s.refine(schema, (found, path) =>
    isIp.test(found) ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }] : [],
  )

const hostname = notIp(
  s.string({ minLength: 1, maxLength: 253, pattern: dnsName, describe: 'a lower-case DNS name without wildcard' }),
)

const sanHostname = notIp(
  s.string({
    minLength: 1,
    maxLength: 253,
    pattern: new RegExp(`(\\*\\.)?${dnsName.source}`),
    describe: 'a lower-case DNS name, which may begin with *.',
  }),
)

const uri = s.string({ maxLength: 253, pattern: /[A-Za-z][A-Za-z0-9+.-]*:[^\s]+/, describe: 'an absolute URI' })

/** A union: the field of the other type beside it is a mistake. */
const subjectAltName = s.union('type', {
  Hostname: s.map(s.object({ type: s.oneOf(['Hostname']), hostname: sanHostname }), (name) => ({
    type: name.type,
    value: name.hostname,
  })),
  URI: s.map(s.object({ type: s.oneOf(['URI']), uri }), (name) => ({ type: name.type, value: name.uri })),
})

const caCertificateRef = s.object({
  group: s.withDefault(s.string(), ''),
  kind: s.string({ minLength: 1 }),
  name: s.string({ minLength: 1, maxLength: 253 }),
})

const validation = s.refine(
  s.object({
    hostname,
    subjectAltNames: s.withDefault(s.array(subjectAltName), []),
    caCertificateRefs: s.withDefault(s.array(caCertificateRef), []),
    wellKnownCACertificates: s.optional(s.oneOf(['System'])),
  }),
  ({ caCertificateRefs, wellKnownCACertificates }, path): readonly Issue[] => {
    const given = [
      ...(caCertificateRefs.length === 0 ? [] : ['caCertificateRefs']),
      ...(wellKnownCACertificates === undefined ? [] : ['wellKnownCACertificates']),
    ]
    if (given.length === 1) return []
    const expected = 'either caCertificateRefs or wellKnownCACertificates'
    return [{ message: 'whose certificates to trust is unclear', path, found: given.join(', ') || 'neither', expected }]
  },
)

const known = ['targetRefs', 'validation', 'options']
const options = s.withDefault(s.record(s.string()), {})

/** Reads a BackendTLSPolicy; its defects are repeated in `warnings`, so that each of them is reported. */
export const decodeBackendTlsPolicy: KindDecoder<BackendTlsPolicyObject> = ({ body, metadata, warnings }) => {
  warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  const spec = body['spec'] ?? {}
  const defects: Issue[] = []
  if (!s.isPlainObject(spec)) {
    defects.push({ message: 'wrong value', path: 'spec', found: s.formatFound(spec), expected: 'an object' })
  }
  const fields = s.isPlainObject(spec) ? spec : {}
  defects.push(...s.unknownFields(fields, known, 'spec'), ...checkOptions(fields['options']))
  const targetRefs = decodeTargetRefs(fields['targetRefs'], defects, { ref: sectionRef, unreadable: 'whole' })
  const decoded = validation.decode(fields['validation'] ?? {}, 'spec.validation')
  if (!decoded.ok) defects.push(...decoded.issues)
  const shown = defects.map((defect) => hideFound(defect, body))
  warnings.push(...shown)
  const policy = { kind: 'BackendTLSPolicy' as const, metadata, targetRefs, defects: shown }
  if (!decoded.ok) return { ok: true, value: policy }
  const { caCertificateRefs, wellKnownCACertificates, ...names } = decoded.value
  const refs = caCertificateRefs.map((ref, index) => ({ ...ref, path: `spec.validation.caCertificateRefs[${index}]` }))
  return { ok: true, value: { ...policy, validation: { ...names, ca: wellKnownCACertificates ?? refs } } }
}

/** An option may ask for a stricter TLS (BackendTLSPolicySpec.options), and none is known. */
const checkOptions = (value: unknown): readonly Issue[] => {
  const decoded = options.decode(value ?? {}, 'spec.options')
  if (!decoded.ok) return decoded.issues
  return Object.keys(decoded.value).map((name) => ({
    message: 'unknown option',
    path: 'spec.options',
    found: name,
    expected: 'no options',
  }))
}
