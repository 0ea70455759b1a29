/** The texts of a page that confirms something, before and after. */
export type ConfirmTexts = {
  title: string;
  explain: string;
  button: string;
  doneTitle: string;
  done: string;
};

/** The texts of the pages that mailed links open. */
export type PageTexts = {
  language: string;
  verify: ConfirmTexts & { disown: { explain: string; button: string } };
  changeEmail: ConfirmTexts;
  reset: {
    title: string;
    explain: string;
    account: string;
    password: string;
    repeat: string;
    button: string;
    doneTitle: string;
    done: string;
  };
  invite: {
    title: (team: string) => string;
    explain: (inviter: string | null, team: string, site: string) => string;
    steps: readonly string[];
    until: (day: string) => string;
    /** Replaces a name without a visible character. */
    unnamed: string;
    goneTitle: string;
    gone: string;
  };
  /** The page by which an invited person creates an account. */
  invitation: {
    title: string;
    explain: (site: string) => string;
    /** For a person whom a member invited to a team. */
    explainTeam: (inviter: string | null, team: string, site: string) => string;
    name: string;
    button: string;
    doneTitle: string;
    done: string;
    takenTitle: string;
    taken: string;
  };
  /** The page of a mailed link that signs in. */
  link: Record<
    'signUp' | 'signUpWithPassword' | 'invite' | 'recovery' | 'signIn' | 'emailChange',
    { title: string; explain: string; button: string }
  > & { disown: { explain: string; button: string } };
  passwordRule: (minLength: number) => string;
  passwordCharacters: (groups: string) => string;
  problems: {
    badName: string;
    tooShort: (minLength: number) => string;
    missingCharacters: (groups: string) => string;
    leaked: string;
    tooLong: string;
    missing: string;
    mismatch: string;
    noPassword: string;
    wrongPassword: string;
  };
  invalidLink: { title: string; explain: string };
  failure: { title: string; busy: string; crossSite: string; unexpected: string; requestId: string };
  address: string;
  /** The label of the field for the account's password. */
  password: string;
  /** Labels for when and from where the person signed up. */
  signUp: { time: string; device: string; address: string; unknown: string };
  /** Labels for the account whose address changes. */
  account: { name: string; address: string };
  continueButton: string;
};

const en: PageTexts = {
  language: 'en',
  verify: {
    title: 'Confirm your email address',
    explain:
      'This address was used to sign up. If it was you, enter the password that you chose. The password shows that the account is yours.',
    button: 'Confirm address',
    disown: {
      explain:
        'If you did not sign up, the account can be yours alone. Its password is removed. Every device on which this address was not confirmed is signed out. Then you choose a new password, which signs out all other devices.',
      button: 'I did not sign up',
    },
    doneTitle: 'Address confirmed',
    done: 'Thank you. You can sign in with this address and your password.',
  },
  changeEmail: {
    title: 'Confirm your new email address',
    explain:
      'Confirm only if you asked for this yourself, while you were signed in to the account below. The account will then have this address. Enter the password of that account. If you did not ask for it, close this page: nothing changes.',
    button: 'Confirm new address',
    doneTitle: 'New address confirmed',
    done: 'From now on you sign in with your new address. A notice was sent to your former address.',
  },
  reset: {
    title: 'Set a new password',
    explain: 'You will be signed out on all your devices.',
    account: 'Account',
    password: 'New password',
    repeat: 'Repeat the new password',
    button: 'Set password',
    doneTitle: 'Password set',
    done: 'You can sign in with your new password. All your devices were signed out.',
  },
  invite: {
    title: (team) => `Join “${team}”`,
    explain: (inviter, team, site) =>
      inviter === null
        ? `You are invited to the team “${team}” at ${site}.`
        : `${inviter} invites you to the team “${team}” at ${site}.`,
    steps: [
      'Sign in with the address that this invite was mailed to. If you have no account with it yet, sign up.',
      'Confirm the address, if you have not done so: a mail with a link is sent when you sign up.',
      'Then accept the invite there.',
    ],
    until: (day) => `The invite is valid until ${day} (UTC).`,
    unnamed: 'a team',
    goneTitle: 'This invite is no longer valid',
    gone: 'It was accepted, withdrawn or has expired. Ask the person who invited you for another one.',
  },
  invitation: {
    title: 'Create your account',
    explain: (site) => `You are invited to ${site}. Choose a name and a password for your account.`,
    explainTeam: (inviter, team, site) =>
      inviter === null
        ? `You are invited to the team “${team}” at ${site}. Create an account first, then sign in and accept the invite.`
        : `${inviter} invites you to the team “${team}” at ${site}. Create an account first, then sign in and accept the invite.`,
    name: 'Your name',
    button: 'Create account',
    doneTitle: 'Account created',
    done: 'You can sign in with this address and your password.',
    takenTitle: 'You have an account',
    taken:
      'This address has an account already. Sign in with it. If you forgot the password, ask for a new one there.',
  },
  link: {
    signUp: {
      title: 'Confirm your email address',
      explain: 'This confirms that the address is yours, and signs you in.',
      button: 'Confirm and sign in',
    },
    signUpWithPassword: {
      title: 'Confirm your email address',
      explain:
        'This address was used to sign up. If it was you, enter the password that you chose. It shows that the account is yours.',
      button: 'Confirm and sign in',
    },
    disown: {
      explain:
        'If you did not sign up, the account can be yours alone. Its password is removed, and everything that was set up with it.',
      button: 'I did not sign up',
    },
    invite: {
      title: 'Accept the invitation',
      explain: 'This confirms that the address is yours, and signs you in.',
      button: 'Accept and sign in',
    },
    recovery: {
      title: 'Recover your account',
      explain: 'This signs you in, so that you can set a new password.',
      button: 'Sign in',
    },
    signIn: {
      title: 'Sign in',
      explain: 'This signs you in to the account of this address.',
      button: 'Sign in',
    },
    emailChange: {
      title: 'Confirm the change of your email address',
      explain:
        'Confirm only if you asked for this yourself, while you were signed in. If you did not ask for it, close this page: nothing changes.',
      button: 'Confirm the change',
    },
  },
  passwordRule: (minLength) => `At least ${minLength} characters.`,
  passwordCharacters: (groups) => `At least one character of each: ${groups}.`,
  problems: {
    badName: 'This name is missing, too long or not valid.',
    tooShort: (minLength) => `This password is too short: it needs at least ${minLength} characters.`,
    missingCharacters: (groups) => `This password needs at least one character of each: ${groups}.`,
    leaked: 'This password is known from data leaks. Choose another one.',
    tooLong: 'This password is too long.',
    missing: 'Enter a new password.',
    mismatch: 'The two passwords are not the same.',
    noPassword: 'Enter the password of the account.',
    wrongPassword: 'This password is wrong.',
  },
  invalidLink: {
    title: 'This link is no longer valid',
    explain: 'It was used, replaced by a newer one, or has expired. Ask for a new mail and use its link.',
  },
  failure: {
    title: 'That did not work',
    busy: 'The service is busy or unavailable. Try again in a moment.',
    crossSite: 'This request came from another site. Open the link from your mail.',
    unexpected: 'Try again. If it still does not work, tell the operator of this service.',
    requestId: 'Request',
  },
  address: 'Address',
  password: 'Password',
  signUp: { time: 'Signed up', device: 'Device', address: 'Network address', unknown: 'unknown' },
  account: { name: 'Name of the account', address: 'Current address' },
  continueButton: 'Continue',
};

const de: PageTexts = {
  language: 'de',
  verify: {
    title: 'E-Mail-Adresse bestätigen',
    explain:
      'Mit dieser Adresse wurde ein Konto angelegt. Wenn Sie das waren, geben Sie das Passwort ein, das Sie gewählt haben: So zeigen Sie, dass das Konto Ihnen gehört.',
    button: 'Adresse bestätigen',
    disown: {
      explain:
        'Wenn Sie das nicht waren, kann das Konto Ihnen allein gehören. Sein Passwort gilt dann nicht mehr, und jedes Gerät wird abgemeldet, auf dem diese Adresse nicht bestätigt wurde. Danach wählen Sie ein neues Passwort, das auch die übrigen abmeldet.',
      button: 'Das war ich nicht',
    },
    doneTitle: 'Adresse bestätigt',
    done: 'Danke. Sie können sich mit dieser Adresse und Ihrem Passwort anmelden.',
  },
  changeEmail: {
    title: 'Neue E-Mail-Adresse bestätigen',
    explain:
      'Bestätigen Sie nur, wenn Sie das selbst verlangt haben, während Sie mit dem Konto unten angemeldet waren: Es hat dann diese Adresse. Geben Sie das Passwort dieses Kontos ein. Wenn Sie das nicht verlangt haben, schließen Sie diese Seite, und nichts geschieht.',
    button: 'Neue Adresse bestätigen',
    doneTitle: 'Neue Adresse bestätigt',
    done: 'Ab jetzt melden Sie sich mit der neuen Adresse an. Die frühere hat eine Nachricht erhalten.',
  },
  reset: {
    title: 'Neues Passwort setzen',
    explain: 'Sie werden auf allen Geräten abgemeldet.',
    account: 'Konto',
    password: 'Neues Passwort',
    repeat: 'Neues Passwort wiederholen',
    button: 'Passwort setzen',
    doneTitle: 'Passwort gesetzt',
    done: 'Sie können sich mit dem neuen Passwort anmelden. Alle Ihre Geräte wurden abgemeldet.',
  },
  invite: {
    title: (team) => `„${team}“ beitreten`,
    explain: (inviter, team, site) =>
      inviter === null
        ? `Sie sind in das Team „${team}“ bei ${site} eingeladen.`
        : `${inviter} lädt Sie in das Team „${team}“ bei ${site} ein.`,
    steps: [
      'Melden Sie sich mit der Adresse an, an die die Einladung ging. Wenn Sie damit noch kein Konto haben, registrieren Sie sich.',
      'Bestätigen Sie die Adresse, falls noch nicht geschehen: Nach der Registrierung kommt eine Mail mit einem Link.',
      'Nehmen Sie die Einladung dann dort an.',
    ],
    until: (day) => `Die Einladung gilt bis ${day} (UTC).`,
    unnamed: 'ein Team',
    goneTitle: 'Diese Einladung gilt nicht mehr',
    gone: 'Sie wurde angenommen, zurückgezogen oder ist abgelaufen. Bitten Sie um eine neue.',
  },
  invitation: {
    title: 'Konto anlegen',
    explain: (site) =>
      `Sie sind zu ${site} eingeladen. Wählen Sie einen Namen und ein Passwort für Ihr Konto.`,
    explainTeam: (inviter, team, site) =>
      inviter === null
        ? `Sie sind in das Team „${team}“ bei ${site} eingeladen. Legen Sie erst ein Konto an, dann melden Sie sich an und nehmen die Einladung an.`
        : `${inviter} lädt Sie in das Team „${team}“ bei ${site} ein. Legen Sie erst ein Konto an, dann melden Sie sich an und nehmen die Einladung an.`,
    name: 'Ihr Name',
    button: 'Konto anlegen',
    doneTitle: 'Konto angelegt',
    done: 'Sie können sich mit dieser Adresse und Ihrem Passwort anmelden.',
    takenTitle: 'Sie haben schon ein Konto',
    taken:
      'Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich damit an. Wenn Sie das Passwort vergessen haben, fordern Sie dort ein neues an.',
  },
  link: {
    signUp: {
      title: 'E-Mail-Adresse bestätigen',
      explain: 'Damit bestätigen Sie, dass die Adresse Ihnen gehört, und melden sich an.',
      button: 'Bestätigen und anmelden',
    },
    signUpWithPassword: {
      title: 'E-Mail-Adresse bestätigen',
      explain:
        'Mit dieser Adresse wurde ein Konto angelegt. Wenn Sie das waren, geben Sie das Passwort ein, das Sie gewählt haben. Es zeigt, dass das Konto Ihnen gehört.',
      button: 'Bestätigen und anmelden',
    },
    disown: {
      explain:
        'Wenn Sie das nicht waren, kann das Konto Ihnen allein gehören. Sein Passwort gilt dann nicht mehr, und alles, was damit eingerichtet wurde, wird entfernt.',
      button: 'Das war ich nicht',
    },
    invite: {
      title: 'Einladung annehmen',
      explain: 'Damit bestätigen Sie, dass die Adresse Ihnen gehört, und melden sich an.',
      button: 'Annehmen und anmelden',
    },
    recovery: {
      title: 'Zugang zu Ihrem Konto',
      explain: 'Damit melden Sie sich an, um ein neues Passwort zu setzen.',
      button: 'Anmelden',
    },
    signIn: {
      title: 'Anmelden',
      explain: 'Damit melden Sie sich mit dem Konto dieser Adresse an.',
      button: 'Anmelden',
    },
    emailChange: {
      title: 'Änderung Ihrer E-Mail-Adresse bestätigen',
      explain:
        'Bestätigen Sie nur, wenn Sie das selbst verlangt haben, während Sie angemeldet waren. Wenn Sie das nicht verlangt haben, schließen Sie diese Seite, und nichts geschieht.',
      button: 'Änderung bestätigen',
    },
  },
  passwordRule: (minLength) => `Mindestens ${minLength} Zeichen.`,
  passwordCharacters: (groups) => `Mindestens ein Zeichen aus jeder Gruppe: ${groups}.`,
  problems: {
    badName: 'Dieser Name fehlt, ist zu lang oder nicht gültig.',
    tooShort: (minLength) => `Dieses Passwort ist zu kurz: Es braucht mindestens ${minLength} Zeichen.`,
    missingCharacters: (groups) =>
      `Dieses Passwort braucht mindestens ein Zeichen aus jeder Gruppe: ${groups}.`,
    leaked: 'Dieses Passwort ist aus Datenlecks bekannt. Wählen Sie ein anderes.',
    tooLong: 'Dieses Passwort ist zu lang.',
    missing: 'Geben Sie ein neues Passwort ein.',
    mismatch: 'Die beiden Passwörter sind nicht gleich.',
    noPassword: 'Geben Sie das Passwort des Kontos ein.',
    wrongPassword: 'Dieses Passwort ist falsch.',
  },
  invalidLink: {
    title: 'Dieser Link gilt nicht mehr',
    explain:
      'Er wurde benutzt, durch einen neueren ersetzt oder ist abgelaufen. Fordern Sie eine neue Mail an und benutzen Sie deren Link.',
  },
  failure: {
    title: 'Das hat nicht geklappt',
    busy: 'Der Dienst ist gerade überlastet oder nicht erreichbar. Versuchen Sie es gleich noch einmal.',
    crossSite: 'Diese Anfrage kam von einer anderen Seite. Öffnen Sie den Link aus Ihrer Mail.',
    unexpected: 'Versuchen Sie es noch einmal. Wenn es weiter nicht geht, melden Sie es dem Betreiber.',
    requestId: 'Anfrage',
  },
  address: 'Adresse',
  password: 'Passwort',
  signUp: { time: 'Angelegt', device: 'Gerät', address: 'Netzadresse', unknown: 'unbekannt' },
  account: { name: 'Name des Kontos', address: 'Seine bisherige Adresse' },
  continueButton: 'Weiter',
};

const languages: Readonly<Record<string, PageTexts>> = { en, de };

/** Returns the texts in the language of the mails; in English if that language is not built in. */
export const pageTexts = (locale: string): PageTexts => languages[locale.split('-')[0] ?? ''] ?? en;
