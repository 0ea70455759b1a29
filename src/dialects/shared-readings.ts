/**
 * Shares readings among callers, so that many callers cost one reading at a time. Callers that come during a reading share
 * the next one. A reading must show what changed before its callers asked.
 */
export function shareReadings<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined;
  let next: Promise<Value> | undefined;
  function begin(): Promise<Value> {
    next = undefined;
    const reading = read();
    running = reading;
    const end = () => {
      running = undefined;
    };
    reading.then(end, end);
    return reading;
  }
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}
