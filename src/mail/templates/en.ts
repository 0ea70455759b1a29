import type { Locale } from './locale.ts';

const notYou = 'If this was not you, set a new password now and sign out your other devices.';

const onceCode = 'The code works once, for {{minutes}} minutes. Give it to no one.';
const once = 'The code and the link work once, for {{minutes}} minutes. Give them to no one.';

export const en: Locale = {
  words: { device: 'an unknown device', address: 'unknown', team: 'a team', inviter: 'A member' },
  mails: {
    verification: {
      subject: 'Confirm your email address for {{site}}',
      before: [
        'Hello,',
        'please confirm that this email address is yours. It was used to sign up at {{site}}:',
        'Time: {{time}}',
        'Device: {{device}}',
        'Address: {{address}}',
      ],
      action: 'Confirm email address',
      after: [
        'The page asks for the password that you chose. The link works once, for {{hours}} hours.',
        'If you did not sign up, you can say so on the page. The account is then yours alone. You can also ignore this mail.',
      ],
    },
    password_reset: {
      subject: 'Set a new password for {{site}}',
      before: ['Hello,', '{{site}} received a request to set a new password for your account.'],
      action: 'Set a new password',
      after: [
        'The link works once, for {{minutes}} minutes.',
        'If you did not make the request, you can ignore this mail: your password does not change.',
      ],
    },
    account_created: {
      subject: 'Your account at {{site}}',
      before: [
        'Hello,',
        'an account at {{site}} was created for this email address. Set a password to use it.',
      ],
      action: 'Set a password',
      after: [
        'The link works once, for {{days}} days. After that, use “forgot password” at {{site}}.',
        'If you do not know what this is about, you can ignore this mail.',
      ],
    },
    email_change: {
      subject: 'Confirm your new email address for {{site}}',
      before: [
        'Hello,',
        'an account at {{site}} asks to use this email address. Confirm only if you asked for it yourself, while you were signed in.',
      ],
      action: 'Confirm new email address',
      after: [
        'The link works once, for {{hours}} hours.',
        'If you did not ask for it, do not confirm: the account of another person could then have your address. Without the link nothing changes.',
      ],
    },
    team_invite: {
      subject: '{{inviter}} invites you to a team at {{site}}',
      before: ['Hello,', '{{inviter}} invites you to join the team “{{team}}” at {{site}}.'],
      action: 'See the invite',
      after: [
        'The invite is valid until {{expires}}. You accept it with an account for this email address.',
        'If you do not know what this is about, you can ignore this mail.',
      ],
    },
    signup_invitation: {
      subject: 'You are invited to {{site}}',
      before: ['Hello,', 'you are invited to create an account at {{site}} with this email address.'],
      action: 'Create your account',
      after: [
        'The link works once, until {{expires}}.',
        'If you do not know what this is about, you can ignore this mail.',
      ],
    },
    signup_code: {
      subject: 'Confirm your sign-up at {{site}}',
      before: [
        'Hello,',
        'this email address was used to sign up at {{site}}. If it was you, confirm that the address is yours.',
        'Your code: {{code}}',
      ],
      action: 'Confirm email address',
      after: [once, 'If you did not sign up, you can ignore this mail.'],
    },
    invite_code: {
      subject: 'You are invited to {{site}}',
      before: ['Hello,', 'you are invited to {{site}} with this email address.', 'Your code: {{code}}'],
      action: 'Accept the invitation',
      after: [once, 'If you do not know what this is about, you can ignore this mail.'],
    },
    recovery_code: {
      subject: 'Recover your account at {{site}}',
      before: [
        'Hello,',
        '{{site}} received a request to set a new password for your account. The code signs you in for that.',
        'Your code: {{code}}',
      ],
      action: 'Recover the account',
      after: [
        once,
        'If you did not make the request, you can ignore this mail: your password does not change.',
      ],
    },
    magic_link: {
      subject: 'Sign in to {{site}}',
      before: ['Hello,', 'with this code or link you sign in to {{site}}.', 'Your code: {{code}}'],
      action: 'Sign in',
      after: [once, 'If you did not want to sign in, you can ignore this mail.'],
    },
    email_change_code: {
      subject: 'Confirm your new email address for {{site}}',
      before: [
        'Hello,',
        'an account at {{site}} asks to use this email address. Confirm only if you asked for it yourself, while you were signed in.',
        'Your code: {{code}}',
      ],
      action: 'Confirm new email address',
      after: [
        once,
        'If you did not ask for it, do not confirm: the account of another person could then have your address. Without the code nothing changes.',
      ],
    },
    email_change_current_code: {
      subject: 'Confirm the change of your email address for {{site}}',
      before: [
        'Hello,',
        'your account at {{site}} is about to get another email address. Confirm only if you asked for it yourself.',
        'Your code: {{code}}',
      ],
      action: 'Confirm the change',
      after: [
        once,
        'If you did not ask for it, do not confirm, and set a new password now: another person may be signed in to your account.',
      ],
    },
    reauthentication_code: {
      subject: 'Your code for {{site}}',
      before: [
        'Hello,',
        'a change of your account at {{site}} needs this code, to show that it is you.',
        'Your code: {{code}}',
      ],
      action: null,
      after: [onceCode, notYou],
    },
    password_changed: {
      subject: 'Your password for {{site}} was changed',
      before: ['Hello,', 'the password of your account at {{site}} was changed on {{time}}.'],
      action: null,
      after: ['If this was not you, set a new password now with “forgot password”, and check your account.'],
    },
    email_changed: {
      subject: 'Your email address for {{site}} was changed',
      before: [
        'Hello,',
        'the email address of your account at {{site}} was changed on {{time}}. This address no longer belongs to the account.',
      ],
      action: null,
      after: ['If this was not you, ask the people who run {{site}} for help.'],
    },
    access_token_created: {
      subject: 'New personal access token at {{site}}',
      before: [
        'Hello,',
        'a personal access token was created for your account at {{site}} on {{time}}. A program can sign in with it.',
      ],
      action: null,
      after: [
        'If this was not you, set a new password now with “forgot password”. This ends every personal access token.',
      ],
    },
    second_factor_added: {
      subject: 'Second factor added at {{site}}',
      before: [
        'Hello,',
        'a second factor was added to your account at {{site}} on {{time}}. From now on a sign-in asks for a code of your authenticator app.',
      ],
      action: null,
      after: ['If this was not you, tell the operator of {{site}} now.'],
    },
    second_factor_removed: {
      subject: 'Second factor removed at {{site}}',
      before: ['Hello,', 'a second factor was removed from your account at {{site}} on {{time}}.'],
      action: null,
      after: [notYou],
    },
    recovery_code_used: {
      subject: 'Recovery code used at {{site}}',
      before: [
        'Hello,',
        'a recovery code of your account at {{site}} was used on {{time}}, in place of a code of your authenticator app.',
      ],
      action: null,
      after: [notYou],
    },
    new_sign_in: {
      subject: 'New sign-in at {{site}}',
      before: [
        'Hello,',
        'there was a new sign-in to your account at {{site}}:',
        'Device: {{device}}',
        'Address: {{address}}',
        'Time: {{time}}',
      ],
      action: null,
      after: ['If this was you, you need to do nothing.', notYou],
    },
  },
};
