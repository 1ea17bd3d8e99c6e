"""What is written, and how it is said."""

from __future__ import annotations

SAID = {
    # Money.
    "It costs $3.50, not $1.": "It costs three dollars and fifty cents, not one dollar.",
    "$0.99 or $0.01 or $0.00": "ninety-nine cents or one cent or zero dollars",
    "$1.5M, €2bn, £10k and ¥500": (
        "one point five million dollars, two billion euros, ten thousand pounds and five hundred yen"
    ),
    "$5-10, $5-$10 million, US$20/hr": (
        "five to ten dollars, five to ten million dollars, twenty dollars per hour"
    ),
    "5 USD, 20€, 50¢, 1¢, £1.01": (
        "five dollars, twenty euros, fifty cents, one cent, one pound and one penny"
    ),
    "The $ sign.": "The dollar sign.",
    # Days and hours.
    "On March 3, 2027 or 3 March or Mar. 3rd": (
        "On March third, twenty twenty-seven or March third or March third"
    ),
    "2027-03-14 is 3/14/2027": (
        "March fourteenth, twenty twenty-seven is March fourteenth, twenty twenty-seven"
    ),
    "5:30 pm, 5:00, 5:05, 17:00, 00:30, 9am": (
        "five thirty p.m., five o'clock, five oh five, five p.m., twelve thirty a.m., nine a.m."
    ),
    "the 1990s, the '80s, her 30s": "the nineteen nineties, the eighties, her thirties",
    "in 1905, 1900, 2004, 2026 and 1066": (
        "in nineteen oh five, nineteen hundred, two thousand four, twenty twenty-six "
        "and one thousand sixty-six"
    ),
    "open 24/7 since 9/11": "open twenty-four seven since nine eleven",
    "the 4th of July": "the July fourth",
    # Units.
    "350°F, -5°C, 90°": (
        "three hundred fifty degrees Fahrenheit, minus five degrees Celsius, ninety degrees"
    ),
    "1 kg, 2 lbs, 1/2 tsp, 2 1/2 cups, 2½ tbsp": (
        "one kilogram, two pounds, one half teaspoon, two and a half cups, "
        "two and a half tablespoons"
    ),
    "100 km/h, 60 mph, 5 km², x²": (
        "one hundred kilometers per hour, sixty miles per hour, five square kilometers, x squared"
    ),
    "5'10\" or 1' 1\"": "five feet ten inches or one foot one inch",
    "50%, 3.5 %": "fifty percent, three point five percent",
    # Numbers.
    "1,234,567 and .5 and 0.05 and 007": (
        "one million two hundred thirty-four thousand five hundred sixty-seven and point five "
        "and zero point zero five and zero zero seven"
    ),
    "1000000 and 12345678": "one million and one two three four five six seven eight",
    "1st, 22nd, 112th": "first, twenty-second, one hundred twelfth",
    "3/4, 1/3, 2/2, 3/2": "three quarters, one third, two out of two, three out of two",
    "3–2, 5 - 3, 1990-2000": "three to two, five to three, nineteen ninety to two thousand",
    "#1, No. 5, №7": "number one, number five, number seven",
    "~5, 2x, 3×4, 5 < 6, 7 > 6": (
        "about five, two times, three times four, five is less than six, seven is more than six"
    ),
    "v1.2.3, MP3, B2B, F-16, a 5-year-old, 10k": (
        "v one point two point three, MP three, B two B, F-sixteen, a five-year-old, ten thousand"
    ),
    "9" * 20: " ".join(["nine"] * 20),
    # Numbers to dial.
    "Call (415) 555-0100 or +14155550100.": (
        "Call four one five, five five five, zero one zero zero or "
        "one four one five five five five zero one zero zero."
    ),
    "911 or 988, or 1-800-555-0199": (
        "nine one one or nine eight eight, or one, eight zero zero, five five five, "
        "zero one nine nine"
    ),
    # Addresses.
    "See https://www.example.org/a?b=1, example.com/x or www.x.de.": (
        "See example dot org, example dot com or x dot de."
    ),
    "Mail a.b@example.org, use Node.js. It's the end.Then go.": (
        "Mail a dot b at example dot org, use Node dot js. It's the end. Then go."
    ),
    # Markup.
    "# Title\n\n- **One**\n- `two`\n* _three_": "Title. One, two, three",
    "1. Onions\n2. Rice": "one. Onions, two. Rice",
    "| a | b |\n|---|---|\n| c | d |": "a, b, c, d",
    "```python\nprint\n```": "print",
    "[Read this](http://a.b/c) ![pic](x.png) H<sub>2</sub>O [1]": "Read this pic H two O",
    "It is **5** km, *really* *3* lbs, 2*3": (
        "It is five kilometers, really three pounds, two times three"
    ),
    # What is acted.
    "*thinks* Give me a **second**...": "Give me a second...",
    "*laughs* Oh, *really*? (chuckles softly) [sighs]": "Oh, really?",
    "*leans in* Listen (this is true).": "Listen, this is true.",
    "(pauses) Well.": "Well.",
    "That's great 😀🎉 Tell me *smiles* More :-) I 😀 see.": "That's great. Tell me. More I see.",
    "(So true).It is": "So true. It is",
    "5-? and 0-!": "five? and zero!",
    "Hi 😀! I ❤️ it 👩‍👩‍👧 :-) <3 🇺🇸": "Hi! I it",
    "XP (ages 6 to 8), 2XD =)": "XP, ages six to eight, two",
    # Written short.
    "Dr. Smith, Mr. and Mrs. Doe vs. St. John": (
        "Doctor Smith, Mister and Missus Doe versus Saint John"
    ),
    "Main St. is long, e.g. here, etc. Then Co. and Acme Inc.": (
        "Main Street is long, for example here, and so on. Then Co. and Acme Incorporated."
    ),
    "A Ph.D. and/or he/she w/ me @ home & co = good + nice": (
        "A PhD and or he or she with me at home and co equals good plus nice"
    ),
    "The U.S. at 5 p.m., J. Doe": "The U.S. at five p.m., J. Doe",
    # Everything else.
    "Well… “so” – he said — it's the dogs' ‘thing’!!! What?!": (
        "Well... \"so\" — he said — it's the dogs' 'thing'! What?"
    ),
    "٣ ducks, ① café, naïve, ＷＩＤＥ": "three ducks, one café, naïve, WIDE",
    # Streets, saints and doctors.
    "On Elm St. Then St. Mary's, 12 St. James St. in town": (
        "On Elm Street. Then Saint Mary's, twelve Saint James Street in town"
    ),
    "5th St. NW, Wall St. It was, Wall St. Journal": (
        "fifth Street NW, Wall Street. It was, Wall Street Journal"
    ),
    "45 Oak Dr. is on Mulholland Dr. She met Dr. King, the Dr. was in.": (
        "forty-five Oak Drive is on Mulholland Drive. She met Doctor King, the Doctor was in."
    ),
    "Abbey Rd., Sunset Blvd. and Penny Ln. They sang": (
        "Abbey Road, Sunset Boulevard and Penny Lane. They sang"
    ),
    "Dr.Smith lives on Elm St.Then etc.and": "Doctor Smith lives on Elm Street. Then and so on and",
    "Sammy Davis Jr\nA singer": "Sammy Davis Jr, A singer",
    # People, places and days, written short.
    "Sen. Warren, Rev. Green and Col. Mustard in Ft. Worth": (
        "Senator Warren, Reverend Green and Colonel Mustard in Fort Worth"
    ),
    "That was the rep. He is a col. Yes.": "That was the rep. He is a col. Yes.",
    "Mon-Fri, Sat. 7 June, closed Tues. Then Jan. or Dec.": (
        "Monday to Friday, Saturday June seventh, closed Tuesday. Then January or December."
    ),
    "See you Mon.": "See you Monday.",
    "w/o milk b/c it's n/a, c/o R&D": ("without milk because it's not applicable, care of R and D"),
    "See p. 5, pp. 3-4, fig. 2 and apt. 7": (
        "See page five, pages three to four, figure two and apartment seven"
    ),
    "C#, F# and a .NET or .pdf file": "C sharp, F sharp and a dot NET or dot pdf file",
    # Kings and wars.
    "Henry VIII had six wives.": "Henry the eighth had six wives.",
    "Louis XIV. Elizabeth II's, King Charles I was, Elizabeth I.": (
        "Louis the fourteenth. Elizabeth the second's, King Charles the first was, "
        "Elizabeth the first."
    ),
    "In World War I and World War II": "In World War one and World War two",
    "Chapter IV, Part I of Rocky II, Super Bowl LVIII": (
        "Chapter four, Part one of Rocky two, Super Bowl fifty-eight"
    ),
    "Malcolm X, vitamin C, I mix it. Charles I like, the part I like": (
        "Malcolm X, vitamin C, I mix it. Charles I like, the part I like"
    ),
    # Years, and what is only as large.
    "1998 people read 1776 pages in 1998, the 2024 cars": (
        "one thousand nine hundred ninety-eight people read one thousand seven hundred "
        "seventy-six pages in nineteen ninety-eight, the twenty twenty-four cars"
    ),
    "Not 2019/45.": "Not two thousand nineteen out of forty-five.",
    "In 1066, class of '98, the 2019/20 season": (
        "In ten sixty-six, class of ninety-eight, the twenty nineteen to twenty twenty season"
    ),
    # More days and hours.
    "2024-05-06T07:05:00Z, 2024-05-06 19:00, 5/6/24 and 12/31/99": (
        "May sixth, twenty twenty-four, at seven oh five a.m. UTC, "
        "May sixth, twenty twenty-four, at seven p.m., May sixth, twenty twenty-four "
        "and December thirty-first, nineteen ninety-nine"
    ),
    "9am-5pm, 9 a.m. – 5 p.m., 23:59:59, 1:00:01 am": (
        "nine a.m. to five p.m., nine a.m. to five p.m., "
        "eleven fifty-nine p.m. and fifty-nine seconds, one a.m. and one second"
    ),
    "It was 2:1, in 16:9, John 3:16, Psalm 23:1-4": (
        "It was two to one, in sixteen to nine, John three sixteen, Psalm twenty-three one to four"
    ),
    # More numbers with a name.
    "+49 30 1234567, +44 20 7946 0958, 020 7946 0958, 1-800-FLOWERS": (
        "four nine, three zero, one two three four five six seven, "
        "four four, two zero, seven nine four six, zero nine five eight, "
        "zero two zero, seven nine four six, zero nine five eight, one eight hundred FLOWERS"
    ),
    "The code is 4821, PIN: 007123, zip code 90210, NY 10001, code 1500 lines": (
        "The code is four eight two one, PIN: zero zero seven one two three, "
        "zip code nine zero two one zero, NY one zero zero zero one, code fifteen hundred lines"
    ),
    "Flight BA 249, Boeing 737, Route 101, room 300, US-101, F-150": (
        "Flight BA two forty-nine, Boeing seven thirty-seven, Route one oh one, "
        "room three hundred, US one oh one, F one fifty"
    ),
    "Write to bob_smith@x.io": "Write to bob underscore smith at x dot io",
    "No. 5 minutes will do, Nos. 3 and 4, the no. 7 bus": (
        "No. five minutes will do, numbers three and four, the number seven bus"
    ),
    # More of how much.
    "Bake at 350 F, it was 20C, seat 12F": (
        "Bake at three hundred fifty degrees Fahrenheit, it was twenty degrees Celsius, "
        "seat twelve F"
    ),
    "5 ft 10 in. tall, 6 feet 2 in the sun": ("five feet ten inches tall, six feet two in the sun"),
    "1-1/2 cups, 9/10 people, 4/4 time, 50/50": (
        "one and a half cups, nine out of ten people, four four time, fifty fifty"
    ),
    "1.5M people, 10K steps, a 5K run, USD 50": (
        "one point five million people, ten thousand steps, a five K run, fifty dollars"
    ),
    "10 - 3 = 7, x^2, 2^10, 10^-3, <5, >10, ≤ 3, √9": (
        "ten minus three equals seven, x squared, two to the power of ten, "
        "ten to the power of minus three, less than five, more than ten, at most three, "
        "the square root of nine"
    ),
}
