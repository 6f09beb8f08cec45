import type { ObjectRef } from '../../model/model.ts'
import { DOCUMENT_API, type DocumentHead } from '../terminal/print-as.ts'
import type { SectionName, Level } from './check.ts'
import { cleanText } from './clean-text.ts'
import type { Mesh } from './mesh/mesh.ts'
import { countLevels, type CheckResult, type Report } from './run-checks.ts'

/** What `-o json` and `-o yaml` print. */
export interface DoctorDocument extends DocumentHead {
  readonly kind: 'DoctorReport'
  readonly cluster: { readonly server: string; readonly version: string }
  /** Absent when all namespaces were asked about. */
  readonly namespaces?: readonly string[]
  readonly summary: {
    readonly checks: number
    readonly errors: number
    readonly warnings: number
    readonly infos: number
    readonly suppressed: number
  }
  readonly checks: readonly CheckDocument[]
}

export interface CheckDocument {
  readonly name: string
  readonly section: SectionName
  readonly title: string
  readonly state: CheckResult['state']
  readonly detail?: string
  readonly findings: readonly FindingDocument[]
}

export interface FindingDocument {
  readonly code: string
  readonly level: Level
  readonly object?: { readonly kind: string; readonly namespace?: string; readonly name: string }
  readonly message: string
  readonly next?: string
}

/** The report for machines. */
export const createDocument = (report: Report, { server, scope }: Pick<Mesh, 'server' | 'scope'>): DoctorDocument => {
  const { error, warning, info } = countLevels(report)
  return {
    apiVersion: DOCUMENT_API,
    kind: 'DoctorReport',
    cluster: { server: server.url, version: server.version },
    ...(scope === undefined ? {} : { namespaces: scope }),
    summary: {
      checks: report.results.length,
      errors: error,
      warnings: warning,
      infos: info,
      suppressed: report.suppressed,
    },
    checks: report.results.map(({ check: { name, section, title }, state, detail, findings }) => ({
      name,
      section,
      title,
      state,
      ...(detail === undefined ? {} : { detail: cleanText(detail) }),
      findings: findings.map(({ code, level, object, message, next }) => ({
        code,
        level,
        ...(object === undefined ? {} : { object: objectOf(object) }),
        message: cleanText(message),
        ...(next === undefined ? {} : { next: cleanText(next) }),
      })),
    })),
  }
}

const objectOf = ({ kind, namespace, name }: ObjectRef) => ({
  kind,
  ...(namespace === '' ? {} : { namespace }),
  name,
})
