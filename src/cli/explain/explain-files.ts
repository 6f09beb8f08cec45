import type { MeshOptions } from '../../app/options.ts'
import { systemClock } from '../../lib/clock.ts'
import { conditionsAt, isFault } from '../../model/condition.ts'
import { compileOffline } from '../offline/compile-offline.ts'
import { loadModel } from '../offline/load-model.ts'
import { withStandardInput } from '../offline/standard-input.ts'
import type { Terminal } from '../verb.ts'
import { fromSnapshot, type Explainer } from './ask-for-explanation.ts'
import { explainUnboundServices } from './unbound-services.ts'

/** Which files, and as which waypoint they are read. */
export interface ExplainedFiles {
  readonly files: readonly string[]
  readonly mesh: MeshOptions
  readonly filtersDir: string | undefined
  readonly clusterDomain: string
}

/** Asks a snapshot of what some files say; what is wrong with them stands on stderr, for it may be the answer. */
export const explainFiles = async (
  { files, mesh, filtersDir, clusterDomain }: ExplainedFiles,
  terminal: Pick<Terminal, 'cwd' | 'err' | 'input'>,
): Promise<Explainer> => {
  const { cwd, err } = terminal
  const found = await withStandardInput(files, terminal, (paths) => loadModel(paths, { cwd, mesh, filtersDir }))
  const { loaded, model, conditions } = found
  const findings = conditionsAt(conditions, systemClock.nowMs()).filter(isFault).length + loaded.issues.length
  if (findings > 0) {
    const what = findings === 1 ? 'one thing is' : `${findings} things are`
    const command = `fairway waypoint status ${files.map((file) => `-f ${file}`).join(' ')}`
    err.write(`${what} wrong with the objects: see ${command}\n`)
  }
  if (model.gateway === undefined) err.write('there is no Gateway among the files: nothing is bound to a waypoint\n')
  const snapshot = compileOffline(model, { now: Date.now, random: Math.random })
  return fromSnapshot(snapshot, (authority) => explainUnboundServices(found, authority, clusterDomain))
}
