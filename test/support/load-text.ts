import assert from 'node:assert/strict'
import { createObjectReader, loadObjects, type LoadedSet } from '../../src/config/load-objects.ts'
import type { ReadObject } from '../../src/config/objects/read-object.ts'
import { createPlacing } from '../../src/config/source/locate.ts'
import { parseText } from '../../src/config/source/parse-text.ts'

/** The objects of a text as if it were a file of that name; one that cannot be parsed fails the test. */
export const loadText = (file: string, text: string): LoadedSet => {
  const parsed = parseText(file, text, { decode: createObjectReader() })
  assert.ok(parsed.ok, `${file} can be parsed`)
  return loadObjects(createPlacing<ReadObject>(() => text)(file, parsed.items))
}
