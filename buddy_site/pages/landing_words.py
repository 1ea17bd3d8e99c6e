"""What the first page says. Nothing in here may promise what does not work yet."""

from __future__ import annotations

from shared.seed.plans import allowances

STEPS = (
    (
        "Dial",
        "Call from any phone. A mobile, a landline, the one in the kitchen: there is no app.",
    ),
    (
        "Listen, then decide",
        (
            "You first hear that the buddies are AI and that the call is written down as text. "
            "Stay on the line if that's all right. Press 9 if it isn't, and we hang up."
        ),
    ),
    (
        "Choose and talk",
        (
            "Press a key from 1 to 6, or say a name. Then just talk, and interrupt whenever you "
            "like: your buddy stops and listens."
        ),
    ),
)

# What is given without payment, in minutes.
FREE = (
    f"{allowances().pretrial.seconds // 60} minutes for every phone number, without an account",
    f"{allowances().trial.seconds // 60} minutes more once you sign in and prove your number",
)

# When, which side, who, what was heard, what was not.
EXAMPLE = (
    ("0:21", "caller", "You", "I've got half a cabbage and two eggs.", ""),
    (
        "0:23",
        "buddy",
        "Ethan",
        "Then you've got dinner. Shred the cabbage, get a pan hot,",
        "and while that's warming up, let me tell you about salt",
    ),
    ("0:29", "caller", "You", "Wait, how hot?", ""),
    ("0:30", "buddy", "Ethan", "Hot enough that a drop of water dances.", ""),
)

PROMISES = (
    (
        "bot",
        "AI, and says so",
        (
            "Nobody here is a person, and nobody pretends to be. Buddies get things wrong; "
            "check what matters to you somewhere else as well."
        ),
    ),
    (
        "file-text",
        "Written down, and only yours",
        (
            "We keep the words of a call, not its sound. They are encrypted in our database, and "
            "this site shows them to nobody but the account that holds the number."
        ),
    ),
    (
        "waypoints",
        "Who else is in the room",
        (
            "To hear you and to answer, we pass your speech and its text on to the companies whose "
            "speech recognition, language model and voices we use."
        ),
    ),
)

QUESTIONS = (
    (
        "Is it really free?",
        (
            "The first five minutes of every phone number are. The clock starts when your buddy "
            "greets you; the notice and the menu don't count. Your phone company may charge you for "
            "the call as for any other."
        ),
    ),
    (
        "What happens after five minutes?",
        (
            "Your buddy tells you when a minute is left, and says goodbye when it is over. Sign in "
            "and prove your number, and there are fifteen more, once; then a plan, if you want one."
        ),
    ),
    (
        "Do I need an account?",
        (
            "Not to call. Signing in with Google shows you your calls, word for word, also while "
            "they are going on, once your phone number belongs to your account."
        ),
    ),
    (
        "Can I call with a hidden number?",
        (
            "Yes, for one minute. As we can't tell hidden numbers apart, nothing of such a call "
            "can be shown to you later."
        ),
    ),
    (
        "Is a buddy a therapist, a doctor, a lawyer?",
        (
            "No. A buddy is good company and sometimes good at explaining. For what could harm you, "
            "talk to somebody who is trained for it."
        ),
    ),
)
