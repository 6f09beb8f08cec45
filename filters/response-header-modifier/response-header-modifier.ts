import type { FilterDefinition } from 'fairway/filter'
import { createHeaderChanger, headerChanges } from '../header-changes.ts'
import type { HeaderChanges } from '../header-changes.ts'

/** Changes the response's headers (HTTPRoute filter ResponseHeaderModifier). */
const responseHeaderModifier: FilterDefinition<HeaderChanges> = {
  kind: 'ResponseHeaderModifier',
  stage: 'shape',
  config: headerChanges,
  create: (changes) => {
    const change = createHeaderChanger(changes)
    return {
      onResponse: ({ response }) => {
        if (response !== undefined) change(response.headers)
      },
    }
  },
}

export default responseHeaderModifier
