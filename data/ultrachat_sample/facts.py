"""What the chats are about: small tables, one fact a line.

Both voices read them: the polite chats of the sample, and the terse texts on which the tiny base
model is pretrained (`data/tiny_phi3`). Facts are everyday knowledge; the wording is ours.
"""

from __future__ import annotations

from itertools import product

from data.ultrachat_sample.records import (
    Advice,
    Animal,
    Country,
    Dish,
    Letter,
    Opposite,
    Phrase,
    Planet,
    Sum,
    Unit,
)

COUNTRIES = tuple(
    Country(*row)
    for row in (
        ("Norway", "Oslo", "northern Europe", "its fjords"),
        ("Sweden", "Stockholm", "northern Europe", "its forests and lakes"),
        ("Iceland", "Reykjavík", "the North Atlantic", "its hot springs"),
        ("Denmark", "Copenhagen", "northern Europe", "its bicycles"),
        ("Ireland", "Dublin", "western Europe", "its green hills"),
        ("France", "Paris", "western Europe", "its cheese and bread"),
        ("Spain", "Madrid", "southern Europe", "its sunny beaches"),
        ("Portugal", "Lisbon", "southern Europe", "its painted tiles"),
        ("Italy", "Rome", "southern Europe", "its old ruins"),
        ("Greece", "Athens", "southern Europe", "its islands"),
        ("Austria", "Vienna", "central Europe", "its music"),
        ("Switzerland", "Bern", "central Europe", "its mountains"),
        ("Poland", "Warsaw", "central Europe", "its amber"),
        ("Hungary", "Budapest", "central Europe", "its thermal baths"),
        ("Estonia", "Tallinn", "northern Europe", "its song festivals"),
        ("Turkey", "Ankara", "western Asia", "its bazaars"),
        ("Egypt", "Cairo", "northern Africa", "its pyramids"),
        ("Morocco", "Rabat", "northern Africa", "its spices"),
        ("Kenya", "Nairobi", "eastern Africa", "its wildlife"),
        ("Ghana", "Accra", "western Africa", "its cocoa"),
        ("India", "New Delhi", "southern Asia", "its colourful festivals"),
        ("Nepal", "Kathmandu", "southern Asia", "its high peaks"),
        ("Thailand", "Bangkok", "south-east Asia", "its temples"),
        ("Vietnam", "Hanoi", "south-east Asia", "its rice fields"),
        ("Japan", "Tokyo", "eastern Asia", "its cherry trees"),
        ("Canada", "Ottawa", "North America", "its maple syrup"),
        ("Mexico", "Mexico City", "North America", "its street food"),
        ("Cuba", "Havana", "the Caribbean", "its dance music"),
        ("Costa Rica", "San José", "Central America", "its rain forests"),
        ("Colombia", "Bogotá", "South America", "its coffee"),
        ("Peru", "Lima", "South America", "its llamas"),
        ("Brazil", "Brasília", "South America", "its carnival"),
        ("Chile", "Santiago", "South America", "its long coast"),
        ("Paraguay", "Asunción", "South America", "its harp music"),
        ("Australia", "Canberra", "Oceania", "its coral reefs"),
        ("New Zealand", "Wellington", "Oceania", "its sheep farms"),
    )
)

ANIMALS = tuple(
    Animal(*row)
    for row in (
        ("otters", "rivers and along coasts", "fish and crabs", "hold paws while they sleep"),
        ("owls", "forests and old barns", "mice and insects", "fly almost without a sound"),
        ("penguins", "the cold southern seas", "fish and krill", "slide on their bellies"),
        ("camels", "dry deserts", "grass and thorny plants", "can go days without water"),
        ("koalas", "eucalyptus trees", "eucalyptus leaves", "sleep up to twenty hours a day"),
        ("bees", "hives and hollow trees", "nectar and pollen", "dance to show the way to flowers"),
        ("dolphins", "warm seas", "fish and squid", "call each other by whistles"),
        ("hedgehogs", "gardens and hedges", "worms and beetles", "roll into a ball of spines"),
        ("giraffes", "open grassland", "leaves from tall trees", "have a dark blue tongue"),
        ("beavers", "streams and ponds", "bark and water plants", "build dams of sticks and mud"),
        ("bats", "caves and attics", "moths and fruit", "find their way by echoes"),
        ("octopuses", "rocky sea floors", "crabs and clams", "have three hearts"),
        ("squirrels", "parks and woods", "nuts and seeds", "bury food for the winter"),
        ("pandas", "mountain forests", "bamboo", "spend most of the day eating"),
        ("elephants", "grassland and forests", "grass and fruit", "remember places for years"),
        ("snails", "damp gardens", "leaves and moss", "carry their house with them"),
        ("swans", "lakes and slow rivers", "water plants", "often stay together for life"),
        ("frogs", "ponds and wet meadows", "flies and worms", "drink through their skin"),
        ("reindeer", "the far north", "moss and lichen", "grow new antlers every year"),
        ("ants", "nests under the ground", "seeds and sweet sap", "carry many times their weight"),
    )
)

DISHES = tuple(
    Dish(*row)
    for row in (
        ("pancakes", "flour, milk and eggs", "Whisk and fry in butter", "20", "maple syrup"),
        ("tomato soup", "tomatoes, onion and stock", "Simmer and blend", "30", "toasted bread"),
        ("rice pudding", "rice, milk and sugar", "Stir over low heat", "40", "cinnamon"),
        ("an omelette", "eggs, butter and chives", "Beat, fry and fold", "10", "a green salad"),
        ("crème brûlée", "cream, yolks and sugar", "Bake and burn the top", "60", "berries"),
        ("guacamole", "avocado, lime and jalapeño", "Mash with a fork", "10", "corn chips"),
        ("lentil stew", "lentils, carrots and cumin", "Simmer until soft", "45", "yoghurt"),
        ("apple crumble", "apples, oats and butter", "Bake until golden", "50", "vanilla ice"),
        ("pea risotto", "rice, peas and stock", "Stir in the stock slowly", "35", "lemon"),
        ("potato salad", "potatoes, mustard and dill", "Boil, cool and mix", "30", "gherkins"),
        ("garlic bread", "a loaf, garlic and butter", "Spread and bake", "15", "soup"),
        ("fruit salad", "melon, grapes and mint", "Chop and chill", "15", "a little cream"),
        ("fried noodles", "noodles, egg and soy sauce", "Fry in a hot pan", "20", "spring onion"),
        ("banana bread", "bananas, flour and eggs", "Mix and bake", "60", "a cup of tea"),
        ("hummus", "chickpeas, tahini and lemon", "Blend until smooth", "10", "flat bread"),
        ("piña colada", "pineapple and coconut milk", "Blend with ice", "5", "a paper straw"),
    )
)

ADVICE = tuple(
    Advice(*row)
    for row in (
        ("sleeping better", "Keep regular hours", "Dim the lights", "Put the phone away"),
        ("saving money", "Write down what you spend", "Cook at home", "Buy second-hand"),
        ("learning a language", "Practise every day", "Read easy books", "Talk to people"),
        ("growing tomatoes", "Give them sun", "Water the roots", "Tie up the stems"),
        ("packing a suitcase", "Make a list", "Roll your clothes", "Leave some space"),
        ("a job interview", "Read about the firm", "Arrive early", "Ask a question"),
        ("running longer", "Start slowly", "Rest between runs", "Wear good shoes"),
        ("keeping houseplants", "Check the soil first", "Turn the pots", "Dust the leaves"),
        ("studying", "Plan short sessions", "Take breaks", "Explain it to a friend"),
        ("a tidy desk", "Clear it each evening", "Label your boxes", "Keep only what you use"),
        ("saving energy", "Switch off lights", "Wash at low heat", "Close the windows"),
        ("hiking safely", "Check the weather", "Carry water", "Tell someone your route"),
        ("a good speech", "Know your first line", "Speak slowly", "Look at the room"),
        ("cycling in town", "Use lights", "Keep to the lane", "Wear a helmet"),
        ("baking bread", "Weigh the flour", "Let it rise twice", "Heat the oven well"),
        ("taking photos", "Find soft light", "Go close", "Hold still"),
    )
)

_OCCASIONS = (
    ("say thank you for the flowers", "Thank you", "Thank you for the lovely flowers."),
    ("cancel the lunch on Friday", "Friday lunch", "I am sorry, but I cannot come on Friday."),
    ("move the meeting to Monday", "Our meeting", "Could we meet on Monday instead?"),
    ("ask for a day off", "Day off", "May I take next Tuesday off?"),
    ("invite them to the picnic", "Picnic", "We would love to see you at our picnic."),
    ("ask about the invoice", "Invoice", "Could you please send me the invoice again?"),
    ("wish them a happy birthday", "Happy birthday", "I wish you a very happy birthday."),
    ("return the borrowed book", "Your book", "I will bring your book back tomorrow."),
)
_CORRESPONDENTS = (
    ("Anna", "Tom"),
    ("Zoë", "Ben"),
    ("Mrs Clark", "Sam"),
    ("José", "Lucy"),
    ("Mr Lee", "Emma"),
)
LETTERS = tuple(
    Letter(to, sender, purpose, subject, line)
    for (to, sender), (purpose, subject, line) in product(_CORRESPONDENTS, _OCCASIONS)
)

SUMS = tuple(Sum(a, "+", b, a + b) for a, b in product(range(2, 9), repeat=2)) + tuple(
    Sum(a, "×", b, a * b)  # noqa: RUF001, the sign is meant
    for a, b in product(range(2, 8), repeat=2)
)

_PHRASES = (
    ("hello", "bonjour", "hola", "hallo", "olá", "ciao"),
    ("thank you", "merci", "gracias", "danke", "obrigado", "grazie"),
    ("please", "s'il vous plaît", "por favor", "bitte", "por favor", "per favore"),
    ("water", "eau", "agua", "Wasser", "água", "acqua"),
    ("bread", "pain", "pan", "Brot", "pão", "pane"),
    ("friend", "ami", "amigo", "Freund", "amigo", "amico"),
    ("green", "vert", "verde", "grün", "verde", "verde"),
    ("night", "nuit", "noche", "Nacht", "noite", "notte"),
    ("summer", "été", "verano", "Sommer", "verão", "estate"),
)
_LANGUAGES = ("French", "Spanish", "German", "Portuguese", "Italian")
PHRASES = tuple(
    Phrase(english, language, foreign)
    for english, *row in _PHRASES
    for language, foreign in zip(_LANGUAGES, row, strict=True)
)

OPPOSITES = tuple(
    Opposite(*row)
    for row in (
        ("hot", "cold", "The soup is hot"),
        ("early", "late", "The train was early"),
        ("full", "empty", "The glass is full"),
        ("loud", "quiet", "The street is loud"),
        ("heavy", "light", "This bag is heavy"),
        ("brave", "timid", "The brave child jumped"),
        ("narrow", "wide", "The bridge is narrow"),
        ("rough", "smooth", "The sea was rough"),
        ("ancient", "modern", "They found an ancient coin"),
        ("generous", "stingy", "My aunt is generous"),
        ("simple", "complicated", "The answer is simple"),
        ("bright", "dark", "The room is bright"),
        ("sweet", "bitter", "These plums are sweet"),
        ("polite", "rude", "He gave a polite answer"),
        ("deep", "shallow", "The lake is deep"),
        ("cheap", "expensive", "The ticket was cheap"),
    )
)

UNITS = tuple(
    Unit(*row)
    for row in (
        ("a kilometre", "metres", "1,000"),
        ("a metre", "centimetres", "100"),
        ("a kilogram", "grams", "1,000"),
        ("an hour", "minutes", "60"),
        ("a day", "hours", "24"),
        ("a week", "days", "7"),
        ("a year", "months", "12"),
        ("a century", "years", "100"),
        ("a litre", "millilitres", "1,000"),
        ("a dozen", "pieces", "12"),
        ("a byte", "bits", "8"),
        ("a foot", "inches", "12"),
    )
)

PLANETS = tuple(
    Planet(*row)
    for row in (
        ("Mercury", "first", "no moons", "is the smallest of the planets"),
        ("Venus", "second", "no moons", "is hotter than an oven"),
        ("Earth", "third", "one moon", "has oceans of water"),
        ("Mars", "fourth", "two moons", "is red from rust"),
        ("Jupiter", "fifth", "many moons", "has a storm wider than the Earth"),
        ("Saturn", "sixth", "many moons", "has bright rings of ice"),
        ("Uranus", "seventh", "many moons", "lies on its side"),
        ("Neptune", "eighth", "many moons", "has the fastest winds"),
    )
)
