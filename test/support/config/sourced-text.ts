import { parse } from 'yaml'
import { readObject } from '../../../src/config/objects/read-object.ts'
import type { SourcedObject, TranslateOptions } from '../../../src/config/translate/options.ts'

/** What a mesh has that nobody has said anything of. */
export const plainOptions: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

/** One object of YAML; a position is the path of its field, in place of the file. */
export const sourcedText = (text: string): SourcedObject => ({
  read: readObject(parse(text)),
  locate: (path) => ({ file: path, line: 1, column: 1 }),
})
