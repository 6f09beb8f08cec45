/** Flags of `node --test`; see there. */
export declare const testReporters: (isForPeople: boolean) => string[]
