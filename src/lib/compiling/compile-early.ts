import { setFlagsFromString } from 'node:v8'

const FLAG = '--invocation-count-for-turbofan'
/** Of calls; V8's own number is 3,000. */
const EARLY_CALLS = 500

/**
 * Has V8 compile for good what was called 500 times, from now on and in all threads: for when requests are about to come
 * (docs/decisions/0043). During a start it would compile what is never called again. Whoever started Node with the flag
 * (`execArgv`; FAIRWAY_NODE_FLAGS) knows better.
 */
export const compileEarly = (execArgv: readonly string[] = process.execArgv, setFlag = setFlagsFromString): void => {
  if (execArgv.some((given) => given.replaceAll('_', '-').startsWith(`${FLAG}=`))) return
  setFlag(`${FLAG}=${EARLY_CALLS}`)
}
