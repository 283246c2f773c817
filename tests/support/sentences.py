"""Sentences that tiny.en hears right, so that a test that misses one has found a fault of its own.

Measured: wrong, missing and added words of the 181 in SENTENCES, each decoded by itself (tiny.en, int8, beam 1).

    voice             untouched  AAC 32 kb/s  PCMU  PCMA  Opus 24 kb/s
    natural (default)         0            0     0     0             0
    robot                     3           28    52     -             -

So where the natural voice is not installed, expect misses.
"""

HELP = "Please help me at the pool."
DOOR = "The front door is open."
FIRE = "There is a fire behind the house."

SENTENCES = (
    HELP,
    DOOR,
    FIRE,
    "Good morning, the coffee is ready.",
    "Did you close the window in the bedroom?",
    "Your keys are in the kitchen by the sink.",
    "My phone number is on the kitchen table.",
    "We need more milk and bread from the store.",
    "The dog is barking at the neighbor's cat.",
    "Someone is standing in front of the house.",
    "Please call the doctor this afternoon.",
    "The weather is very nice today.",
    "I lost my keys somewhere in the car.",
    "Turn off the lights before you leave.",
    "Your brother is coming home on Friday.",
    "The water in the bathroom is too hot.",
    "Do not forget to feed the cat tonight.",
    "Happy birthday to you and your family.",
    "It is going to rain this evening.",
    "The old man is walking in the park.",
    "What time does the movie start tonight?",
    "I think the music is too loud.",
    "The garage door is still open.",
    "Can you open the gate for me, please?",
    "The light in the kitchen is broken.",
)
"""Twenty-five, 1.1 to 2.1 s each; only HELP has the word help, only FIRE the word fire."""
