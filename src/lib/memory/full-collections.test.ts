import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { watchFullCollections } from './full-collections.ts'

test('collections of the whole heap count, those of the young generation do not', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  // One that is under way from the start of the process would end while we look.
  collect({ type: 'major', execution: 'sync' })
  await turn()
  const watched = watchFullCollections()
  const after = async (type: 'major' | 'minor'): Promise<number> => {
    const before = watched.count()
    collect({ type, execution: 'sync' })
    await turn()
    await turn()
    return watched.count() - before
  }
  assert.equal(await after('minor'), 0)
  assert.ok((await after('major')) >= 1)
  watched.close()
  assert.equal(await after('major'), 0)
})
