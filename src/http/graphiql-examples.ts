/** The tabs with which GraphiQL opens: one operation for each tab, ready to send. */
export const exampleTabs: readonly [ExampleTab, ...ExampleTab[]] = [
  {
    query: `# Welcome to Portcullis.
# Send this with the button or Ctrl-Enter.
# The book at the left opens the manual:
# begin with Query and Mutation.
query AuthConfig {
  authConfig {
    signup
    passwordMinLength
    accessTokenSeconds
    issuer
    audience
    jwksUrl
  }
}
`,
  },
  {
    query: `# Creates an account and a team.
# It also mails a verification link.
mutation Signup($input: SignupInput!) {
  signup(input: $input) {
    accessToken
    expiresAt
    refreshToken
    teamToken
    user { id email name }
  }
}
`,
    variables: pretty({
      input: { email: 'ada@example.com', password: 'correct horse', name: 'Ada', teamName: 'Engines' },
    }),
  },
  {
    query: `# Opens another session of the account.
mutation Login($input: LoginInput!) {
  login(input: $input) {
    accessToken
    expiresAt
    user { id email }
  }
}
`,
    variables: pretty({ input: { email: 'ada@example.com', password: 'correct horse' } }),
  },
  {
    query: `# Signs in without a password: mails a code
# and a link. Without a mail server, the
# gateway shows them on its inbox page.
mutation RequestCode($input: RequestCodeInput!) {
  requestCode(input: $input) { ok }
}
`,
    variables: pretty({ input: { email: 'ada@example.com' } }),
  },
  {
    query: `# Put the mailed code into Variables.
mutation SignInWithCode($input: SignInWithCodeInput!) {
  signInWithCode(input: $input) {
    accessToken
    secondFactorRequired
    user { id email emailVerified }
  }
}
`,
    variables: pretty({ input: { email: 'ada@example.com', code: '123456' } }),
  },
  {
    query: `# Copy an accessToken of Signup or Login
# into Headers, below.
query Me {
  me {
    id
    email
    emailVerified
    name
    memberships { role team { id name } }
  }
}
`,
    headers: pretty({ authorization: 'Bearer <accessToken>' }),
  },
  {
    query: `# Needs an accessToken in Headers, too.
# The current user becomes its OWNER.
mutation CreateTeam($input: CreateTeamInput!) {
  createTeam(input: $input) {
    role
    team {
      id
      name
      members { name email role }
      projects { name }
    }
  }
}
`,
    variables: pretty({ input: { name: 'Engines' } }),
    headers: pretty({ authorization: 'Bearer <accessToken>' }),
  },
  {
    query: `# Empty until the gateway has asked ENS.
query ContractAddresses {
  contractAddresses { key value updatedAt }
}
`,
  },
];

type ExampleTab = { query: string; variables?: string; headers?: string };

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
