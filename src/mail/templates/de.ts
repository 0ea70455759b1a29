import type { Locale } from './locale.ts';

const notYou =
  'Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort und melden Sie Ihre anderen Geräte ab.';

const onceCode = 'Der Code gilt einmal und {{minutes}} Minuten lang. Geben Sie ihn nicht weiter.';
const once = 'Der Code und der Link gelten einmal und {{minutes}} Minuten lang. Geben Sie sie nicht weiter.';

export const de: Locale = {
  words: { device: 'ein unbekanntes Gerät', address: 'unbekannt', team: 'ein Team', inviter: 'Jemand' },
  mails: {
    verification: {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse für {{site}}',
      before: [
        'Guten Tag,',
        'bitte bestätigen Sie, dass diese E-Mail-Adresse Ihnen gehört. Mit ihr wurde ein Konto bei {{site}} angelegt:',
        'Zeit: {{time}}',
        'Gerät: {{device}}',
        'Adresse: {{address}}',
      ],
      action: 'E-Mail-Adresse bestätigen',
      after: [
        'Die Seite fragt nach dem Passwort, das Sie gewählt haben. Der Link gilt einmal und {{hours}} Stunden lang.',
        'Wenn Sie das nicht waren, sagen Sie es auf der Seite: Das Konto gehört dann Ihnen allein. Sie können diese Nachricht auch ignorieren.',
      ],
    },
    password_reset: {
      subject: 'Neues Passwort für {{site}}',
      before: [
        'Guten Tag,',
        'jemand, hoffentlich Sie, möchte ein neues Passwort für Ihr Konto bei {{site}} setzen.',
      ],
      action: 'Neues Passwort setzen',
      after: [
        'Der Link gilt einmal und {{minutes}} Minuten lang.',
        'Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Ihr Passwort bleibt, wie es ist.',
      ],
    },
    account_created: {
      subject: 'Ihr Konto bei {{site}}',
      before: [
        'Guten Tag,',
        'für diese E-Mail-Adresse wurde ein Konto bei {{site}} angelegt. Setzen Sie ein Passwort, um es zu benutzen.',
      ],
      action: 'Passwort setzen',
      after: [
        'Der Link gilt einmal und {{days}} Tage lang. Danach hilft „Passwort vergessen“ bei {{site}}.',
        'Wenn Sie nicht wissen, worum es geht, beachten Sie diese Nachricht nicht.',
      ],
    },
    email_change: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse für {{site}}',
      before: [
        'Guten Tag,',
        'ein Konto bei {{site}} soll diese E-Mail-Adresse verwenden. Bestätigen Sie das nur, wenn Sie es selbst verlangt haben, während Sie angemeldet waren.',
      ],
      action: 'Neue E-Mail-Adresse bestätigen',
      after: [
        'Der Link gilt einmal und {{hours}} Stunden lang.',
        'Wenn Sie das nicht waren, bestätigen Sie nicht: Das Konto kann jemand anderem gehören und hätte dann Ihre Adresse. Ohne den Link ändert sich nichts.',
      ],
    },
    team_invite: {
      subject: '{{inviter}} lädt Sie in ein Team bei {{site}} ein',
      before: ['Guten Tag,', '{{inviter}} lädt Sie in das Team „{{team}}“ bei {{site}} ein.'],
      action: 'Einladung ansehen',
      after: [
        'Die Einladung gilt bis {{expires}}. Sie nehmen sie mit einem Konto für diese E-Mail-Adresse an.',
        'Wenn Sie nicht wissen, worum es geht, beachten Sie diese Nachricht nicht.',
      ],
    },
    signup_invitation: {
      subject: 'Einladung zu {{site}}',
      before: [
        'Guten Tag,',
        'Sie sind eingeladen, mit dieser E-Mail-Adresse ein Konto bei {{site}} anzulegen.',
      ],
      action: 'Konto anlegen',
      after: [
        'Der Link gilt einmal und bis {{expires}}.',
        'Wenn Sie nicht wissen, worum es geht, beachten Sie diese Nachricht nicht.',
      ],
    },
    signup_code: {
      subject: 'Bestätigen Sie Ihre Anmeldung bei {{site}}',
      before: [
        'Guten Tag,',
        'mit dieser E-Mail-Adresse wurde ein Konto bei {{site}} angelegt. Wenn Sie das waren, bestätigen Sie, dass die Adresse Ihnen gehört.',
        'Ihr Code: {{code}}',
      ],
      action: 'E-Mail-Adresse bestätigen',
      after: [once, 'Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht.'],
    },
    invite_code: {
      subject: 'Sie sind zu {{site}} eingeladen',
      before: [
        'Guten Tag,',
        'Sie sind mit dieser E-Mail-Adresse zu {{site}} eingeladen.',
        'Ihr Code: {{code}}',
      ],
      action: 'Einladung annehmen',
      after: [once, 'Wenn Sie nicht wissen, worum es geht, beachten Sie diese Nachricht nicht.'],
    },
    recovery_code: {
      subject: 'Zugang zu Ihrem Konto bei {{site}}',
      before: [
        'Guten Tag,',
        'bei {{site}} wurde ein neues Passwort für Ihr Konto angefordert. Der Code meldet Sie dafür an.',
        'Ihr Code: {{code}}',
      ],
      action: 'Konto öffnen',
      after: [
        once,
        'Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Ihr Passwort bleibt, wie es ist.',
      ],
    },
    magic_link: {
      subject: 'Anmelden bei {{site}}',
      before: [
        'Guten Tag,',
        'mit diesem Code oder Link melden Sie sich bei {{site}} an.',
        'Ihr Code: {{code}}',
      ],
      action: 'Anmelden',
      after: [once, 'Wenn Sie sich nicht anmelden wollten, beachten Sie diese Nachricht nicht.'],
    },
    email_change_code: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse für {{site}}',
      before: [
        'Guten Tag,',
        'ein Konto bei {{site}} soll diese E-Mail-Adresse verwenden. Bestätigen Sie das nur, wenn Sie es selbst verlangt haben, während Sie angemeldet waren.',
        'Ihr Code: {{code}}',
      ],
      action: 'Neue E-Mail-Adresse bestätigen',
      after: [
        once,
        'Wenn Sie das nicht waren, bestätigen Sie nicht: Das Konto kann einem anderen Menschen gehören und hätte dann Ihre Adresse. Ohne den Code ändert sich nichts.',
      ],
    },
    email_change_current_code: {
      subject: 'Bestätigen Sie die Änderung Ihrer E-Mail-Adresse für {{site}}',
      before: [
        'Guten Tag,',
        'Ihr Konto bei {{site}} soll eine andere E-Mail-Adresse erhalten. Bestätigen Sie das nur, wenn Sie es selbst verlangt haben.',
        'Ihr Code: {{code}}',
      ],
      action: 'Änderung bestätigen',
      after: [
        once,
        'Wenn Sie das nicht waren, bestätigen Sie nicht und setzen Sie jetzt ein neues Passwort: Ein anderer Mensch kann in Ihrem Konto angemeldet sein.',
      ],
    },
    reauthentication_code: {
      subject: 'Ihr Code für {{site}}',
      before: [
        'Guten Tag,',
        'eine Änderung Ihres Kontos bei {{site}} braucht diesen Code. Er zeigt, dass Sie es sind.',
        'Ihr Code: {{code}}',
      ],
      action: null,
      after: [onceCode, notYou],
    },
    password_changed: {
      subject: 'Ihr Passwort für {{site}} wurde geändert',
      before: ['Guten Tag,', 'das Passwort Ihres Kontos bei {{site}} wurde am {{time}} geändert.'],
      action: null,
      after: [
        'Wenn Sie das nicht waren, setzen Sie jetzt über „Passwort vergessen“ ein neues und prüfen Sie Ihr Konto.',
      ],
    },
    email_changed: {
      subject: 'Ihre E-Mail-Adresse für {{site}} wurde geändert',
      before: [
        'Guten Tag,',
        'Ihr Konto bei {{site}} hat am {{time}} eine andere E-Mail-Adresse bekommen. Diese gehört nicht mehr dazu.',
      ],
      action: null,
      after: ['Wenn Sie das nicht waren, wenden Sie sich an die Betreiber von {{site}}.'],
    },
    access_token_created: {
      subject: 'Neues persönliches Zugriffstoken bei {{site}}',
      before: [
        'Guten Tag,',
        'für Ihr Konto bei {{site}} wurde am {{time}} ein persönliches Zugriffstoken angelegt. Ein Programm kann sich damit anmelden.',
      ],
      action: null,
      after: [
        'Wenn Sie das nicht waren, setzen Sie jetzt über „Passwort vergessen“ ein neues Passwort. Damit enden alle persönlichen Zugriffstoken.',
      ],
    },
    second_factor_added: {
      subject: 'Zweiter Faktor bei {{site}} hinzugefügt',
      before: [
        'Guten Tag,',
        'zu Ihrem Konto bei {{site}} wurde am {{time}} ein zweiter Faktor hinzugefügt. Ab jetzt verlangt die Anmeldung einen Code Ihrer Authenticator-App.',
      ],
      action: null,
      after: ['Wenn Sie das nicht waren, wenden Sie sich jetzt an den Betreiber von {{site}}.'],
    },
    second_factor_removed: {
      subject: 'Zweiter Faktor bei {{site}} entfernt',
      before: ['Guten Tag,', 'aus Ihrem Konto bei {{site}} wurde am {{time}} ein zweiter Faktor entfernt.'],
      action: null,
      after: [notYou],
    },
    recovery_code_used: {
      subject: 'Wiederherstellungscode bei {{site}} verwendet',
      before: [
        'Guten Tag,',
        'am {{time}} wurde ein Wiederherstellungscode Ihres Kontos bei {{site}} anstelle eines Codes Ihrer Authenticator-App verwendet.',
      ],
      action: null,
      after: [notYou],
    },
    new_sign_in: {
      subject: 'Neue Anmeldung bei {{site}}',
      before: [
        'Guten Tag,',
        'jemand hat sich mit Ihrem Konto bei {{site}} angemeldet:',
        'Gerät: {{device}}',
        'Adresse: {{address}}',
        'Zeit: {{time}}',
      ],
      action: null,
      after: ['Wenn Sie das waren, brauchen Sie nichts zu tun.', notYou],
    },
  },
};
