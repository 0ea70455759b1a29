/** The tabs with which GraphiQL opens: one operation for each tab, ready to send. */
export const exampleTabs: readonly [ExampleTab, ...ExampleTab[]] = [
  {
    query: `# Welcome to Portcullis.
# Send this with the button or Ctrl-Enter.
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
    query: `mutation Signup($input: SignupInput!) {
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
    query: `mutation Login($input: LoginInput!) {
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
    query: `# Put an accessToken of signup or login
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
    query: `mutation CreateTeam($input: CreateTeamInput!) {
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
    query: `query ContractAddresses {
  contractAddresses { key value updatedAt }
}
`,
  },
];

type ExampleTab = { query: string; variables?: string; headers?: string };

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
