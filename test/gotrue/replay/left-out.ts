/** Recorded cases that are not played, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  'admin by role: but not after his session has ended':
    'The role of a person is never one of the roles of administrators.',
};
