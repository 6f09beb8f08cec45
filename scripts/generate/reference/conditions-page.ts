/** docs/reference/conditions.md: what conditions and their reasons mean. */
import { conditionTypeMeanings, reasonMeanings } from '../../../src/config/status/condition-meanings.ts'
import { isFault, type Condition } from '../../../src/model/condition.ts'
import { code, formatTable, generatedFrom, plain } from './markdown.ts'

/** The page as Markdown. */
export const formatConditionsPage = (): string => `# Conditions and reasons

${generatedFrom('the tables in src/config/status')} The same conditions are written into \`status\` by the
[controller](../concepts/controller.md), printed by \`fairway waypoint status\`, and served by the
[admin API](../concepts/admin-api.md). What follows from them for requests is in
[route status](../concepts/route-status.md). The message of a condition always says more than its reason.

## Types

${formatTable(
  ['type', 'good', 'meaning'],
  Object.entries(conditionTypeMeanings).map(([type, meaning]) => [code(type), goodOf(type), plain(meaning)]),
)}
## Reasons

${formatTable(
  ['reason', 'of', 'meaning'],
  Object.entries(reasonMeanings).map(([reason, { types, meaning }]) => [
    code(reason),
    types.map(code).join(', '),
    plain(meaning),
  ]),
)}`

const goodOf = (type: string): string =>
  // The keys of the table are exactly the types.
  isFault({ type: type as Condition['type'], status: 'True' }) ? code('False') : code('True')
