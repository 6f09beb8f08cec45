/**
 * What a check of `fairway doctor` is: a pure function of what was read of a cluster. Nothing here asks a server, and no
 * check knows how its findings are shown.
 */
import type { ObjectRef } from '../../model/model.ts'
import type { Mesh } from './mesh/mesh.ts'

/** `error`: something does not work, or does not guard. `warning`: it may not. `info`: worth knowing, and no fault. */
export type Level = 'error' | 'warning' | 'info'

/** All levels, the worst first. */
export const levels: readonly Level[] = ['error', 'warning', 'info']

/** What a code stands for. A code is never given to anything else, even when nothing gives it any more. */
export interface CodeEntry {
  readonly level: Level
  /** What is wrong, in a few words and without a full stop: the heading of the code in the reference. */
  readonly title: string
  /** How it comes about, and what follows from it. Whole sentences. */
  readonly cause: string
  /** What to do. Whole sentences. */
  readonly cure: string
}

/** One thing that was found, complete enough to be acted on. */
export interface Finding<Code extends string = string> {
  readonly code: Code
  /** What it is about; absent when it is the cluster as a whole. */
  readonly object?: ObjectRef
  /** What is wrong and why, with the values at hand; no full stop. */
  readonly message: string
  /** The command to run next. */
  readonly next?: string
}

/** What a check came to. */
export interface Outcome<Code extends string = string> {
  readonly findings: readonly Finding<Code>[]
  /** What is shown beside a check without findings: `v1.34.1`. */
  readonly detail?: string
  /** Why there was nothing to look at. */
  readonly skipped?: string
}

/** The parts of the report, in its order, and their headings. */
export const sections = {
  cluster: 'Kubernetes',
  fairway: 'Fairway',
  istio: 'Istio',
  namespaces: 'Namespaces in the mesh',
  waypoints: 'Waypoints',
  services: 'Services and their waypoints',
  bypass: 'Ways past the waypoint',
  rules: 'Routes and policies',
  network: 'Network',
} as const

export type SectionName = keyof typeof sections

/** One line of the report. */
export interface Check {
  /** Stable, for machines: `gateway-api`. */
  readonly name: string
  readonly section: SectionName
  /** A claim that holds when nothing is found. */
  readonly title: string
  /** Kinds without which nothing can be said; where one may not be read, the check says so instead. */
  readonly needs: readonly string[]
  readonly codes: Readonly<Record<string, CodeEntry>>
  readonly run: (mesh: Mesh) => Outcome
}

/** Makes a check; it can give no code but its own. */
export const defineCheck = <const Codes extends Readonly<Record<string, CodeEntry>>>(
  check: Omit<Check, 'codes' | 'run'> & {
    readonly codes: Codes
    readonly run: (mesh: Mesh) => Outcome<Extract<keyof Codes, string>>
  },
): Check => check

/** The outcome of a check that had nothing to look at. */
export const skip = (why: string): Outcome<never> => ({ findings: [], skipped: why })

/** The outcome of a check that looked. */
export const found = <Code extends string>(findings: readonly Finding<Code>[], detail?: string): Outcome<Code> => ({
  findings,
  ...(detail === undefined ? {} : { detail }),
})
