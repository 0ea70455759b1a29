/**
 * Shares readings among callers, so that a crowd costs one reading at a time. A caller that comes during a reading gets
 * the next one, which all share who come until then: what changed before a caller asked must show.
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
