"""The words of tools/stories.py: people, places, things and plots.

Templates: `[a|b|c]` takes one alternative (they nest), `{name}` takes a slot of the
story or a word from WORDS, `{a:name}` puts "a" or "an" before it, `{Name}` begins
with a capital letter. In PLOTS, every string is one paragraph.

Slots of every story: hero, friend, elder (names); kind, fkind ("girl", "fox");
he/him/his, fhe/fhim/fhis, ehe/ehim/ehis (their pronouns); the keys of a place, a
thing, a food and an animal below; and those that the plot's "with" list adds.
"""

GIRLS = ("Mara Lily Anna Nora Ella Ruby Tess Clara Ivy Lucy Rosa Wren Hazel Mina Greta Olive Sara Zoe "
         "Nell Daisy Maya Elsie June Freya Alma Petra Dora Kit Hanna Leila").split()
BOYS = ("Tom Ben Max Leo Finn Sam Jack Oscar Hugo Eli Noah Toby Felix Will Jonas Ravi Milo Peter Theo "
        "Adam Karl Owen Emil Luca Otto Henry Simon Ned Amir Jasper").split()
BEASTS = ["mouse", "rabbit", "fox", "hedgehog", "squirrel", "badger", "otter", "frog", "mole", "duckling",
          "bear cub", "kitten", "puppy", "lamb", "goose", "owl", "beaver", "turtle"]
BEAST_NAMES = {"he": "Pip Bramble Moss Thistle Button Nutmeg Dusty Barley Tuft Pepper Rusty Acorn".split(),
               "she": "Clover Poppy Willow Fern Biscuit Honey Plum Juniper Maple Pebble Tansy Bean".split()}
PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "her")}
ELDERS = [  # name, who that is, pronoun
    ("Grandma {e}", "[{his} grandmother|{his} dear grandmother|{his} kind old grandmother]", "she"),
    ("Grandpa {e}", "[{his} grandfather|{his} old grandfather|{his} grandfather, who was very wise]", "he"),
    ("Aunt {e}", "[{his} aunt|{his} cheerful aunt|{his} aunt, who baked bread]", "she"),
    ("Uncle {e}", "[{his} uncle|{his} uncle, who mended clocks|{his} tall uncle]", "he"),
    ("Mrs. {s}", "[the baker|the teacher|the old weaver|the gardener|a kind neighbor]", "she"),
    ("Mr. {s}", "[the miller|the carpenter|the old fisherman|the shepherd|a quiet neighbor]", "he")]
ELDER_NAMES = {"she": "Ada Rosa Martha Edith Nan Bea Ines Agnes".split(),
               "he": "Joe Albert Amos Walter Gus Ivan Bert Elias".split()}
SURNAMES = "Reed Finch Brook Hill Marsh Stone Baker Field Winter Lark Moss Page".split()

PLACES = [
    dict(setting="in a quiet village beside a river", town="the village", water="the river", wild="the forest",
         road="the road to the mill",
         spots=["under the stone bridge", "behind the bakery", "beside the old well", "in the mill yard"]),
    dict(setting="in a little house at the edge of the sea", town="the harbor", water="the sea", wild="the dunes",
         road="the path along the cliffs",
         spots=["under an old boat", "behind the lighthouse", "beside the fishing nets", "on the warm rocks"]),
    dict(setting="on a farm at the end of a long road", town="the hamlet", water="the pond", wild="the woods",
         road="the dusty lane",
         spots=["in the hay barn", "behind the chicken house", "under the apple tree", "beside the water trough"]),
    dict(setting="in a small town at the foot of a mountain", town="the town", water="the stream", wild="the mountain",
         road="the steep path", spots=["on the steps of the school", "behind the clock tower", "under the market tables",
                                       "beside the fountain"]),
    dict(setting="in a deep green forest", town="the clearing", water="the brook", wild="the dark part of the forest",
         road="the mossy path",
         spots=["inside a hollow log", "under the tall ferns", "between the roots of an oak", "beside a mossy stone"]),
    dict(setting="in a wide valley full of flowers", town="the valley", water="the lake", wild="the tall reeds",
         road="the winding path",
         spots=["under the willow tree", "beside the wooden gate", "behind the stone wall", "in the long grass"]),
    dict(setting="on a small island where the wind always blew", town="the fishing village", water="the bay", wild="the hills",
         road="the sandy track",
         spots=["in the boathouse", "under the windmill", "behind the round rocks", "beside the stone steps"]),
    dict(setting="at the top of a narrow street in an old city", town="the street", water="the canal", wild="the great park",
         road="the street of the lamps",
         spots=["under the archway", "behind the toy shop", "on the library steps", "beside the lamp post"]),
    dict(setting="in a snowy land far to the north", town="the settlement", water="the frozen lake", wild="the pine woods",
         road="the sledge track",
         spots=["in the wood shed", "under a snowy branch", "behind the sledge", "beside the warm stove"]),
]

THINGS = [  # what it is, how it looks, what it does
    ("kite", ["red", "yellow", "striped"], "danced high above the roofs"),
    ("drum", ["little", "painted", "round"], "went boom when you tapped it"),
    ("boat", ["wooden", "small white", "blue"], "floated like a duck"),
    ("lantern", ["brass", "old", "tiny green"], "shone like a small moon"),
    ("scarf", ["woolen", "long purple", "soft"], "kept out the coldest wind"),
    ("whistle", ["silver", "tin", "wooden"], "sang like a bird"),
    ("bell", ["golden", "little", "copper"], "rang clear and sweet"),
    ("music box", ["painted", "tiny", "black"], "played an old, slow song"),
    ("umbrella", ["orange", "big", "spotted"], "opened like a flower"),
    ("ball", ["blue", "bouncy", "leather"], "bounced higher than a fence"),
    ("hat", ["green", "straw", "funny"], "had a feather on one side"),
    ("spyglass", ["brass", "old", "short"], "made far things look near"),
    ("flute", ["bamboo", "thin", "silver"], "could make anybody dance"),
    ("basket", ["willow", "round", "strong"], "could carry almost anything"),
    ("marble", ["glass", "green", "shiny"], "had a swirl of stars inside"),
    ("wagon", ["red", "wooden", "rattling"], "rolled along with a happy noise"),
    ("button", ["pearl", "blue", "big brass"], "had once been on a captain's coat"),
    ("key", ["iron", "rusty", "golden"], "fitted no door that anybody knew"),
]

FOODS = [  # a portion, the name alone
    ("a warm loaf of bread", "bread"), ("a plate of honey cakes", "cakes"), ("a big apple pie", "pie"),
    ("a basket of ripe pears", "pears"), ("a jar of plum jam", "jam"), ("a bowl of hot soup", "soup"),
    ("a bag of roasted nuts", "nuts"), ("a bowl of red berries", "berries"), ("a round yellow cheese", "cheese"),
    ("a tray of ginger cookies", "cookies"), ("a pot of sweet porridge", "porridge"), ("a pile of pancakes", "pancakes")]

SMALL_ANIMALS = [  # animal, trouble, how it gets free, how it helps later
    ("bird", "with one wing caught in a thorn bush", "bent the thorns aside, one by one",
     "flew high above the trees and showed the way"),
    ("hedgehog", "stuck at the bottom of a bucket", "tipped the bucket gently onto its side",
     "trotted ahead with its little lamp-bright eyes and showed the way"),
    ("bee", "floating on its back in a puddle", "held out a leaf and lifted it into the sun",
     "buzzed in front, always toward the sweet smell of the gardens"),
    ("lizard", "pinned under a fallen stone", "pushed the stone with both arms until it rolled away",
     "ran from stone to stone and waited each time to be followed"),
    ("butterfly", "wrapped in a sticky web", "pulled the threads away as softly as a breath",
     "fluttered from flower to flower along the right path"),
    ("crab", "tangled in an old string", "untied the knots with great patience",
     "scratched an arrow in the ground that pointed the right way"),
    ("moth", "shut inside a glass jar", "turned the lid until it came off with a pop",
     "flew toward the one bright window far away"),
    ("kid goat", "with a foot caught between two boards", "lifted the upper board and held it up",
     "bleated so loudly that somebody came with a light")]

WORDS = {
    "said": ["said", "said", "answered", "replied"],
    "later": ["After a while", "A little later", "Before long", "Soon", "In a little while", "By and by"],
    "glad": ["glad", "happy", "pleased", "full of joy", "so happy that {he} could have danced", "proud and happy"],
    "sad": ["sad", "unhappy", "very sorry", "so sad that {he} could not eat", "heavy inside", "gloomy"],
    "morning": ["One morning", "One bright morning", "One [cold|warm|windy|foggy|rainy|golden] morning",
                "Early one day", "On the first day of [spring|summer|autumn|winter]", "One day", "One [fine|gray|quiet] day",
                "On a [Monday|Tuesday|Saturday|Sunday] morning", "The day after the [fair|storm|feast|first snow]"],
    "evening": ["That evening", "When the sun went down", "That night", "In the evening",
                "When the stars came out", "Late that evening"],
    "by_evening": ["by evening", "by nightfall", "when the sun went down,", "by the time the stars came out,"],
    "weather": ["The sun was warm and the sky was blue.", "A soft wind blew from {water}.",
                "Gray clouds hung over {town}.", "The grass was still wet with dew.", "It smelled of rain and leaves.",
                "Small white clouds sailed across the sky.", "The birds were singing in every tree.",
                "It was so still that you could hear {water}.", "A thin mist lay over {wild}."],
    "smile": ["smiled", "laughed softly", "nodded", "smiled and nodded", "winked", "put down {ehis} work"],
    "thought": ["thought", "said to {him}self", "whispered"],
    "moved": ["ran", "hurried", "walked", "skipped", "set off", "went"],
}

OPENINGS = [
    "[Once upon a time|Once|Long ago|A long time ago|Not so long ago], {setting}, there lived {a:looks} named {hero}. "
    "{He} {trait}. {likes}",
    "There was once {a:looks} named {hero}, who lived {setting}. [Everyone in {town} knew {him}, because {he} {trait}.|"
    "{He} {trait}, and everyone in {town} liked {him}.] {likes}",
    "{hero} was {a:looks} who lived {setting}. {He} {trait}. {likes}",
    "{setting_} lived {a:looks}. {His} name was {hero}, and {he} {trait}. {likes}",
]
TRAITS = ["asked questions from morning to night", "laughed at almost everything", "always wanted to be first",
          "was small, but {he} had a big heart", "was shy and spoke very softly", "could never sit still",
          "had [the brightest eyes|the loudest laugh|the messiest pockets|the quickest feet] in {town}",
          "liked to do things {his} own way", "was kind to every living thing", "often forgot what {he} was doing",
          "dreamed of great adventures", "sang while {he} worked", "collected [shells|stones|leaves|feathers|stories]",
          "was careful and liked to think before {he} acted"]
LIKES = ["{His} best friend was {friend}, {a:flooks}, and the two of them [played together every day|"
         "did everything together|were almost never apart].",
         "Most of all {he} liked to [play|sit|read|build small houses|watch the clouds] {spot} with {his} friend {friend}, {a:flooks}.",
         "{Elder_intro} [took care of {him}|told {him} a story every night|had taught {him} many things], and in the next house lived {his} best friend {friend}, {a:flooks}.",
         "Every day {he} met {his} friend {friend}, {a:flooks}, {spot}."]
LOOKS = {"person": ["little {kind}", "young {kind}", "small {kind} with [curly hair|freckles|muddy boots|a red coat|two missing teeth]",
                    "{kind} of [six|seven|eight|nine]", "cheerful {kind}", "quiet {kind}", "curious {kind}"],
         "beast": ["little [brown|gray|white|black] {kind}", "young {kind}", "small {kind} with [soft ears|a crooked tail|white paws|bright eyes]",
                   "round little {kind}", "very small {kind}", "merry {kind}", "shy {kind}"]}

ENDINGS = [
    "[From that day on|After that day|Ever since that day], {hero} [remembered|never forgot] that {moral}.",
    "\"You see,\" {said} {elder}, \"{moral}.\" And {hero} [knew that it was true|thought about it until {he} fell asleep|nodded, because now {he} knew it too].",
    "{hero} and {friend} stayed friends for [many years|a very long time|all their lives], and whenever somebody asked why, they said, \"Because {moral}.\"",
    "{Evening}, {hero} lay in bed and listened to the wind. {He} thought about the whole day, and {he} [smiled|felt warm inside|was glad]. Now {he} knew that {moral}.",
    "And that is how {hero} learned that {moral}.",
]

PLOTS = {
    "lost": dict(
        moral=["it is better to look slowly than to cry quickly", "good friends make a hard search easy",
               "what we love is often closer than we think", "a thing is safest when we take care of it"],
        body=[
            "{elder} had given {him} {a:thing_}, and {hero} loved it more than anything. It {does}. [{He} took it everywhere.|"
            "{He} even slept with it beside {his} pillow.|{He} showed it to everyone {he} met.]",
            "{morning}, {hero} reached for the {thing}, but it was gone! {He} looked under the bed. {He} looked behind the door. "
            "{He} looked {spot}. [It was not there.|There was nothing but dust.|There was no {thing} anywhere.] "
            "\"[Oh no|Oh dear|What shall I do]!\" cried {hero}. \"[I have lost my {thing}|My {thing} is gone|Somebody must have taken it]!\"",
            "{friend} heard {him} and came at once. \"[Do not cry|Do not worry|Wait],\" {said} {friend}. \"When did you have it last?\" "
            "{hero} [thought hard|closed {his} eyes and thought|sat down and thought about it]. \"Yesterday I played {spot2},\" {he} said slowly. "
            "\"[And then it began to rain|And then {elder} called me to supper|And then I fell asleep in the sun], and I ran home.\"",
            "So the two friends {moved} to look {spot2}. [At first they saw nothing.|They searched for a long time.|They looked left and right, up and down.] "
            "Then {friend} [pointed|laughed|gave a shout]. [A little mouse had made its bed in the {thing}, and it was fast asleep!|"
            "There was the {thing}, covered with leaves, as if somebody had tucked it in.|There lay the {thing}, wet but not broken at all.]",
            "[\"Thank you, {friend}!\"|\"You found it!\"] said {hero}, and {he} was {glad}. [{He} wiped the {thing} clean with {his} sleeve.|"
            "{He} carried it home very carefully.|{He} let {friend} have the {thing} for the rest of the day.]"]),
    "rescue": dict(
        moral=["no kindness is ever wasted", "even the smallest friend can be a great help",
               "those who help will find help when they need it", "a small good deed can grow very large"],
        body=[
            "{morning}, {hero} {moved} along {road}. {weather} Suddenly {he} heard a tiny voice. \"Help! Please help me!\" "
            "{hero} looked around and saw {a:animal} {trouble}.",
            "\"[Poor little thing|Hold still|Do not be afraid],\" said {hero}. \"I will [help you|set you free|get you out].\" {He} {frees}. "
            "It took [a long time|some time|only a moment], and {hero} [was late for supper|got {his} sleeves wet|scratched {his} hand], but at last the {animal} was free. "
            "\"Thank you,\" said the {animal}. \"[I will not forget this|One day I will help you too|You are very kind].\" {hero} [laughed|smiled]. "
            "\"[How could you help me? You are so small!|That is not needed. I am glad you are well.|Go home safely, little one.]\"",
            "[Some days|A week|Not many days] later, {hero} and {friend} went to {wild} to [gather wood|look for berries|pick mushrooms]. They went farther and farther. "
            "[Then a thick fog came up|Then it grew dark|Then snow began to fall], and they could not see the path. "
            "\"[We are lost|I want to go home|I cannot see the way],\" {fsaid} {friend}, and {fhis} voice shook.",
            "Just then {hero} heard a tiny voice that {he} knew. It was the {animal}! \"You helped me, and now I will help you,\" it said. It {helps}. "
            "{hero} took {friend} by the hand, and they followed. [{later}, they saw the lights of {town}.|Step by step they went, and at last they stood before their own door.]",
            "{elder} was waiting for them with {food}. They told {ehim} everything. [\"So the little {animal} brought you home,\" said {elder}.|"
            "{elder} listened with wide eyes and put out a crumb for the {animal}.]"]),
    "fear": dict(
        slots=[dict(fear="the dark", place_="into the cellar", sign="The cellar was as black as ink", truth="The shadows were only old coats on their hooks"),
               dict(fear="thunder", place_="to the window", sign="The sky growled and flashed", truth="The thunder was only the clouds bumping their heads"),
               dict(fear="deep water", place_="into {water}", sign="The water looked cold and green", truth="The water held {him} up like a big soft hand"),
               dict(fear="high places", place_="up the ladder", sign="The ladder was as tall as a house", truth="From the top {he} could see all of {town}, small and pretty as a toy"),
               dict(fear="the big dog next door", place_="through the gate", sign="The dog was as big as a calf", truth="The dog only wanted to lick {his} face"),
               dict(fear="singing in front of others", place_="onto the stage", sign="A hundred faces looked up", truth="Every face was smiling")],
        moral=["being brave means being afraid and going anyway", "most fears grow small when we walk up to them",
               "one small step is enough to begin", "a friend's hand makes the heart strong"],
        body=[
            "But there was one thing that nobody knew. {hero} was afraid of {fear}. [When the others talked about it, {he} looked at {his} feet.|"
            "Just to think of it made {his} knees shake.|{He} had never told anyone, not even {friend}.]",
            "{morning}, {friend} came running. \"[Come with me|Come quickly|You must help me], {hero}!\" {fhe} said. \"My {thing} [rolled away|is gone|is out there], and we have to go {place_} to get it.\" "
            "{hero} turned pale. \"I cannot,\" {he} whispered. \"[I am too small|I am afraid|Not today].\"",
            "{hero} went to {elder} and told {ehim} the truth. {elder} did not laugh. \"When I was little, I was afraid of {fear} too,\" {ehe} said. "
            "\"[I counted to ten and took one step. Then I counted again.|I sang a song, and the song was louder than my fear.|I asked a friend to hold my hand.] [Try it|That is all I did|It is a very old trick].\"",
            "So {hero} went back and took a deep breath. {sign}. {His} heart went thump, thump, thump. [\"One, two, three,\" {he} counted.|{He} began to hum a little song.|{friend} took {his} hand and held it tight.] "
            "{He} took one step. Then {he} took another. And what do you think? {truth}.",
            "\"[I did it|You did it|Look]!\" shouted [{hero}|{friend}]. They found the {thing} and [danced all the way home|laughed until they had to sit down|told everyone about it]. {Evening}, {elder} gave {hero} {food}, because such a brave {kind} must be hungry."]),
    "sharing": dict(
        moral=["things taste better when we share them", "a quarrel ends when one of us says sorry first",
               "a friend is worth more than any {thing}", "two can have more fun with one {thing} than one can have alone"],
        body=[
            "{morning}, {hero} and {friend} found {a:thing_} {spot}. [It belonged to nobody.|Somebody must have left it there long ago.|It was dirty, but it was not broken.] It {does}. "
            "\"I saw it first!\" cried {hero}. \"No, I saw it first!\" cried {friend}.",
            "{hero} pulled on one side, and {friend} pulled on the other. [They pulled and pulled.|They pulled until their faces were red.|Neither of them would let go.] Then there was a crack, and the {thing} "
            "[fell to the ground|broke in two|flew into {water}]. \"[Now look what you did|It is your fault|I will never play with you again]!\" said {friend}, and {fhe} went home. {hero} went home too, and {he} was {sad}.",
            "At home {elder} had made {food}. \"[Why do you look so gloomy|What is the matter|Where is {friend}]?\" {ehe} asked. {hero} told {ehim} about the {thing}. {elder} {smile}. "
            "\"[Tell me|Let me ask you something],\" {ehe} said. \"Which will you miss more tomorrow, the {thing} or {friend}?\"",
            "{hero} did not have to think for long. {He} took half of the {foodname} and {moved} to {friend}'s house. But on the way {he} met {friend}, who was coming to see {him}, with the {thing} under {fhis} arm! "
            "\"I am sorry,\" they said, both at the same time. [Then they had to laugh.|And then they both laughed.]",
            "They ate the {foodname} together and mended the {thing} with [string and glue|a bit of wire|two small nails]. [{hero} had it in the morning and {friend} had it in the afternoon.|One day it was with {hero}, and the next day it was with {friend}.|They kept it {spot}, where both of them could use it.]"]),
    "truth": dict(
        slots=[dict(broken="blue vase"), dict(broken="best teapot"), dict(broken="old clock"), dict(broken="big mirror"),
               dict(broken="painted plate"), dict(broken="glass lamp"), dict(broken="window"), dict(broken="favorite cup")],
        moral=["the truth is hard to say, but a lie is harder to carry", "a mistake can be mended when we tell the truth",
               "an honest heart sleeps well", "it takes courage to say that it was me"],
        body=[
            "{morning}, {elder} went out to [the market|visit a friend|fetch water]. \"Please do not play with the {thing} in the house,\" {ehe} said. But [as soon as the door was shut|after a little while|because it was raining outside], {hero} took the {thing} and began to play. "
            "{He} ran. {He} jumped. Then there was a terrible crash. The {broken} lay on the floor in [a hundred|three|many] pieces!",
            "{hero} stood very still. \"[What have I done|Oh no|{elder} will be so angry]!\" {he} {thought}. {He} [swept the pieces under the rug|hid the pieces in a box|pushed the pieces behind the stove] and went to bed, though it was still light outside.",
            "When {elder} came home, {ehe} saw the empty place. \"Where is the {broken}?\" {ehe} asked. \"[Maybe the cat took it|The wind blew it down|I do not know],\" said {hero}. But [{his} stomach hurt|{his} face felt hot|{he} could not look at {elder}]. At supper there was {food}, and {he} could not eat one bite.",
            "In the night {hero} [could not sleep|lay awake and listened to the rain|turned from side to side]. At last {he} got up and went to {elder}. \"It was me,\" {he} said, and {he} began to cry. \"I played in the house, and I broke the {broken}. And then I did not tell the truth. I am sorry.\"",
            "{elder} was quiet for a moment. Then {ehe} [put {ehis} arms around {him}|took {his} hand|dried {his} tears]. \"I am sad about the {broken},\" said {elder}, \"but I am glad that you told me. Tomorrow we will [mend it together|glue the pieces|find a new one].\" And so they did. [{friend} came to help.|It had a crooked line down the side, and they liked it even better.|{hero} worked all day and did not complain once.]"]),
    "building": dict(
        slots=[dict(made="boat", parts="boards and rope", fails="sank to the bottom like a stone", works="sailed over {water} as proud as a swan"),
               dict(made="kite", parts="paper and thin sticks", fails="fell on its nose", works="climbed up and up until it was as small as a star"),
               dict(made="cart", parts="two old wheels and a box", fails="lost a wheel on the first hill", works="rolled down the hill without a wobble"),
               dict(made="bridge", parts="branches and stones", fails="fell into the water with a splash", works="stood so firm that even {elder} could walk across"),
               dict(made="tree house", parts="boards and nails", fails="leaned to one side and fell down", works="sat in the branches like a nest"),
               dict(made="snow house", parts="snow and ice", fails="fell in on their heads", works="stood all winter long"),
               dict(made="windmill", parts="sticks and cloth", fails="would not turn at all", works="turned and turned in the wind")],
        moral=["every mistake teaches us something", "those who try again will get there at last",
               "two heads are better than one", "nothing good is built in a hurry"],
        body=[
            "{morning}, {hero} had a wonderful idea. \"I am going to build {a:made}!\" {he} told {friend}. \"[A real one|The best one in {town}|A big one]!\" {friend} [clapped {fhis} hands|wanted to help|was not so sure]. They gathered {parts} and carried everything {spot}.",
            "They worked all morning. [{hero} did not want to wait.|{hero} was in a great hurry.|{hero} would not measure anything.] \"[It is good enough|That will do|Now it is finished]!\" {he} said. But when they tried it, the {made} {fails}. "
            "[{friend} could not help laughing.|Some big children saw it and laughed.|For a while nobody spoke.] {hero} [kicked a stone|sat down and hid {his} face|wanted to give up]. \"I will never build anything again,\" {he} said.",
            "{elder} came by and looked at the {made} from all sides. \"[Hmm|Well, well|I see],\" {ehe} said. \"My first {made} was much worse than this one. [It only needs stronger knots.|You must begin with the bottom, not with the top.|Measure twice, and cut once.] Shall we look at it together?\"",
            "So they began again, from the beginning. This time {hero} [measured everything twice|listened to {friend}|did not hurry]. {friend} held the pieces, {elder} showed them the knots, and {hero} [hammered|tied|pulled] until {his} hands were tired. {By_evening} it was done.",
            "The next day everybody came to watch. {hero} held {his} breath. And the {made} {works}! \"Hurrah!\" shouted {friend}. {elder} brought {food}, and they [sat beside the {made} and ate it all|had a little feast|shared it with everyone who had come]."]),
    "race": dict(
        moral=["helping a friend is better than winning", "a prize is soon forgotten, but a kind deed is not",
               "there is more than one way to win", "the fastest feet are not worth as much as a good heart"],
        body=[
            "Every year there was a great race in {town}, along {road}, around {water} and back again. The prize was {a:thing_} that {does}. [{hero} wanted it more than anything.|{hero} dreamed of it at night.] {He} practiced every day, before breakfast and after supper.",
            "At last the day came. {weather} All the runners stood in a row. \"Ready, steady, go!\" cried {elder}. [Off they went!|Away they ran!] {hero} ran like the wind. {He} passed one runner, then two, then three. Soon there was nobody in front of {him}.",
            "But then {hero} heard a cry. {He} looked back and saw {friend} on the ground. {friend} had [tripped over a root|stepped into a hole|slipped on a wet stone] and was holding {fhis} foot. \"[Run on|Do not stop|Never mind me]!\" called {friend}. \"You can still win!\"",
            "{hero} looked at the road ahead. {He} could [see the flag|hear the music|almost touch the prize]. Then {he} turned around and ran back. \"[Lean on me|Climb on my back|Take my arm],\" said {hero}. \"We will finish together.\" And slowly, step by step, they went on, while all the others ran past.",
            "They were the very last. But when they came around the corner, everybody [cheered|clapped|threw their hats into the air]. {elder} came to meet them. \"The fastest runner gets the {thing},\" {ehe} said, \"but [the best friend gets|for the two of you there is] {food}.\" {hero} and {friend} [ate it all with both hands|shared it under a tree], and it was the best thing they had ever tasted."]),
    "newcomer": dict(
        moral=["a stranger is a friend we have not met yet", "a kind word can open any door",
               "nobody should have to sit alone", "being different can be a gift"],
        body=[
            "{morning}, somebody new came to {town}. It was {a:nlooks} named {newcomer}, who carried {a:thing_} and did not say a word. The others whispered. \"[{Nhe} looks strange,|Where does {nhe} come from?|{Nhe} talks in a funny way,]\" they said. And nobody asked {newcomer} to play.",
            "{hero} saw {newcomer} sitting alone {spot}. {He} remembered [{his} own first day in school|how it feels to be alone|what {elder} always said about guests]. But {friend} pulled {him} by the sleeve. \"[Come on|Let us go|We do not know {nhim}],\" {fhe} said. And so they went away.",
            "{Evening}, {hero} told {elder} about it. \"Hmm,\" said {elder}. \"What would you have liked, if you were new?\" {hero} [thought about it for a long time|did not answer|looked into the fire]. In the morning {he} put half of {his} {foodname} into a cloth and {moved} to find {newcomer}.",
            "\"Hello,\" said {hero}. \"[Are you hungry|Would you like some {foodname}|May I sit here]?\" {newcomer} looked up, and a smile came over {nhis} face. They ate together. Then {newcomer} showed {him} the {thing}. It {does}! {hero} [laughed with delight|had never seen anything like it|could not stop looking].",
            "Soon {friend} came to see, and then all the others. [{newcomer} taught them a song from far away.|{newcomer} knew games that nobody had ever played before.|{newcomer} told them stories about the land across {water}.] {By_evening} nobody remembered that {newcomer} had ever been a stranger."]),
    "noise": dict(
        slots=[dict(sound="Tap, tap, tap", source="a branch that knocked against the window"),
               dict(sound="Scratch, scratch", source="a little hedgehog that was eating from the cat's bowl"),
               dict(sound="Whoo, whoo", source="a young owl that had lost its mother"),
               dict(sound="Bump, bump, bump", source="an apple that rolled down the stairs whenever the wind pushed the door"),
               dict(sound="Drip, drop, drip", source="a hole in the roof, and a pot that was full of rain"),
               dict(sound="Squeak, squeak", source="the old wheel of the wagon, turning in the wind"),
               dict(sound="Ding, ding", source="a goat with a bell around its neck, eating the flowers")],
        moral=["a thing is less scary when we look at it with a light", "we should look before we are afraid",
               "the night is full of small and friendly things", "together we are braver than alone"],
        body=[
            "One night {hero} woke up. [The moon shone into the room.|It was very dark.|The fire had gone out.] \"{sound},\" went something [outside the door|in the dark|near the window]. {hero} pulled the blanket over {his} head. \"{sound},\" it went again.",
            "The next day {he} told {friend} about the noise. \"[It must be a ghost|Maybe it is a monster|It could be a giant],\" {fsaid} {friend} with round eyes. \"[With long teeth|As big as a house|With a hundred eyes]!\" {hero} [shivered|swallowed hard|did not like that at all]. \"Will you stay with me tonight?\" {he} asked. And {friend} said yes.",
            "{Evening}, the two friends sat close together and waited. {elder} had given them {a:lamp}. [They told each other stories so that they would not fall asleep.|They ate {food} and did not say much.] The clock struck [nine|ten|eleven]. Then it came: \"{sound}.\"",
            "\"[Let us run|Let us hide|I am scared],\" whispered {friend}. {hero} was scared too, but {he} lifted the lamp. \"No,\" {he} said. \"[I want to know what it is|Let us look first|We will go together].\" They opened the door, a little, and then a little more. And there they saw it. It was only {source}!",
            "[How they laughed!|They looked at each other and began to laugh.|They laughed so loudly that {elder} woke up.] \"There is your monster,\" said {hero}. They [put everything in order|told {elder} all about it|took care of it together], and then they slept until the sun was high."]),
    "garden": dict(
        slots=[dict(plant="pumpkin", grown="as big as a barrel"), dict(plant="sunflower", grown="taller than the house"),
               dict(plant="bean", grown="so tall that it looked over the roof"), dict(plant="melon", grown="so heavy that nobody could lift it"),
               dict(plant="rose bush", grown="covered with a hundred red flowers"), dict(plant="cherry tree", grown="full of sweet cherries"),
               dict(plant="carrot", grown="as long as an arm")],
        moral=["good things need time", "patience is the best rain", "who plants for others will never be hungry",
               "a little care every day can work wonders"],
        body=[
            "{morning}, {elder} gave {hero} one small seed. \"[Plant it and take care of it|Put it into the earth and wait|This is a gift],\" {ehe} said, \"and you will have {a:plant}.\" {hero} made a hole {spot}, laid the seed in it, and gave it water. Then {he} sat down to watch.",
            "{He} watched for an hour. [Nothing happened.|Not a leaf could be seen.] {He} came back the next day, and the next, and the next. \"[It does not grow|The seed is bad|I will dig it up and look at it],\" {he} said. {friend} had a better idea. \"[Let us sing to it|Maybe it is sleeping|Seeds cannot hurry],\" {fsaid} {friend}. \"We should [wait|give it time|be patient].\"",
            "So {hero} waited. {He} gave it water in the morning and pulled out the weeds in the evening. [When it was cold, {he} covered the earth with straw.|When the snails came, {he} carried them to {wild}.|When the sun was hot, {he} made a little roof.] And one day, there it was: a tiny green leaf, no bigger than {a:thingsmall}!",
            "After that it grew and grew. [By the end of summer|When autumn came|After many weeks], the {plant} was {grown}. People came from all over {town} to see it. \"[How did you do that|What is your secret|Is it magic]?\" they asked. \"I only waited,\" said {hero}, \"and waiting was the hardest work of all.\"",
            "{hero} did not keep it all for {him}self. [There was enough for everyone.|{He} gave a piece to every neighbor.|{He} invited all of {town}.] {friend} got the [first|best|biggest] part, and {elder} got the seeds. \"[For next year|For another {kind}|Now we can begin again],\" {ehe} said."]),
    "astray": dict(
        slots=[dict(advice="water always finds its way home", guide="They listened, and there it was: the sound of {water}. They followed it down"),
               dict(advice="the evening star stands over our house", guide="They looked up. Between the clouds there was one bright star. They kept it before their eyes and walked"),
               dict(advice="moss grows on the side where the sun does not shine", guide="They felt the trunks of the trees and found the soft moss. Now they knew where the north was, and they walked"),
               dict(advice="if you are lost, stay where you are and sing", guide="They sat down and sang every song they knew. And from far away somebody answered. They ran to meet the voice"),
               dict(advice="smoke shows where supper is", guide="They climbed onto a rock, and there was a thin line of smoke above the trees. They went straight toward it")],
        moral=["good advice is light to carry", "a calm head finds the way", "it is wise to listen to those who have walked before us",
               "home is never far when friends stay together"],
        body=[
            "{elder} knew many wise sayings. \"Remember,\" {ehe} often said, \"{advice}.\" {hero} [always forgot them|did not always listen|thought they were only for old people]. {He} wanted to see the world, and most of all {he} wanted to see {wild}.",
            "{morning}, {hero} and {friend} packed {food} and {moved} along {road}. {weather} They [ran after a butterfly|followed the tracks of a deer|picked flowers], and they did not look where they were going. [{later} they stopped.|When they had eaten everything, they stood up to go home.] \"Which way did we come?\" asked {friend}. {hero} looked around. Everything looked the same.",
            "They went to the left, and they came to [a wall of thorns|a black pond|a steep rock]. They went to the right, and they came back to the same [old tree|stone|place]. The sun went down. [An owl called.|It grew cold.|Something rustled in the leaves.] {friend} began to cry. \"[Nobody will find us|I want to go home|I am so tired],\" {fhe} said.",
            "{hero} wanted to cry too, but then {he} remembered. \"Wait!\" {he} said. \"{elder} always says that {advice}.\" {guide}, [hand in hand|slowly and carefully|without stopping once], until they saw a light.",
            "It was {elder}, with a lantern in {ehis} hand! \"[There you are|I have looked for you everywhere|My dear children],\" {ehe} cried, and {ehe} held them both for a long time. {hero} [ate two bowls of soup and fell asleep at the table.|told {ehim} how they had found the way.|said, \"Tell me more of your sayings. I will listen now.\"]"]),
    "wish": dict(
        slots=[dict(giver="golden fish"), dict(giver="green frog with a crown"), dict(giver="tiny old man with a white beard"),
               dict(giver="silver bird"), dict(giver="fallen star"), dict(giver="talking snail"),
               dict(giver="little lady made of leaves")],
        moral=["the best wish is one for somebody else", "a gift grows when we give it away",
               "a kind heart is the greatest magic", "we are rich when we have someone to care for"],
        body=[
            "{morning}, {hero} found {a:giver} {spot}. [It was caught in a net.|It could not move.|It was shivering with cold.] \"Help me,\" it said, \"and I will give you one wish.\" {hero} [rubbed {his} eyes|could not believe {his} ears|was so surprised that {he} sat down]. But {he} helped it at once, for {he} [would have done it without any wish|could not leave anybody in trouble].",
            "\"Thank you,\" said the {giver}. \"Now make your wish, but think well. There is only one, and it lasts forever.\" {hero} thought of {a:thing_} that {does}. {He} thought of a mountain of {foodname}. {He} thought of a castle with [a hundred rooms|towers of gold|a garden on the roof]. \"[May I think about it until tomorrow?|I must sleep on it,|Please wait until evening,]\" {he} said.",
            "On the way home {hero} met {friend}, who was {sadly}. \"[What is wrong|Why are you crying|What happened]?\" asked {hero}. \"It is {elder},\" said {friend}. \"[{Ehe} is ill, and nobody can help {ehim}|{Ehe} can no longer see the road, and {ehe} sits all day in the dark|{Ehe} has lost {ehis} house in the storm].\"",
            "Then {hero} did not have to think any longer. {He} ran all the way back. \"I know my wish!\" {he} called. \"I wish that {elder} may be well and happy again.\" The {giver} looked at {him} for a long time. \"[That is the best wish I have ever heard|Many have asked me for gold, and nobody has asked me for that|So it shall be],\" it said. There was a [flash of light|sound like small bells|warm wind], and it was gone.",
            "When {hero} came home, {elder} stood in the door and laughed, [as strong as a young tree|with red cheeks|with {ehis} arms wide open]. [And on the table there was {food}, although nobody had put it there.|And beside the door there was {a:thing_}, with a ribbon around it.|{friend} danced in the yard for joy.]"]),
    "gift": dict(
        slots=[dict(present="book of songs", making="made a book of songs, with a verse for every season"),
               dict(present="picture", making="painted a picture of everyone {ehe} loved, with berry juice and soot"),
               dict(present="blanket", making="sewed a blanket from a hundred scraps of cloth"),
               dict(present="wooden spoon", making="carved a spoon from a piece of apple wood"),
               dict(present="little book", making="wrote down all the stories that {elder} had ever told"),
               dict(present="necklace", making="threaded shells and seeds on a string"),
               dict(present="walking stick", making="polished a strong stick until it shone")],
        moral=["the best gifts are made with our own hands", "love does not cost any money",
               "a gift is as great as the heart that gives it", "time is the finest present of all"],
        body=[
            "It was almost {elder}'s birthday, and {hero} wanted to give {ehim} something beautiful. {He} emptied {his} pockets. There was [one penny|a piece of string and a nut|nothing but a hole]. In the shop window lay {a:thing_}, but it cost [ten silver coins|more than a cow|far too much]. {hero} was {sad}.",
            "\"[I could sell my boots,|I could ask for work,|What can I do?]\" {he} said to {friend}. \"[You do not need money|Do not buy anything|I have an idea],\" {fsaid} {friend}. \"What does {elder} like best?\" {hero} thought about it. {He} thought about [{elder}'s warm kitchen|the long winter evenings|{elder}'s garden], and then {he} knew.",
            "For [three|five|seven] days {hero} worked in secret {spot}. {He} {making}. [{friend} kept watch at the door.|{friend} helped {him} and did not tell anybody.] Once {elder} nearly saw it, and {hero} had to [sit on it|hide it under {his} coat|say that {he} was feeding a mouse].",
            "On the birthday many guests came, with big boxes and bright paper. {hero} stood at the back with {his} {present} and [wanted to run away|felt very small|blushed]. \"It is not much,\" {he} said at last. \"I made it for you.\"",
            "{elder} looked at the {present}, and {ehis} eyes grew wet. \"[Nobody has ever given me anything so fine|Of all my gifts, this is the dearest|You made this for me],\" {ehe} said softly. Then there was {food} for everyone, and [{hero} sat in the best place, right beside {elder}|they sang until the candles burned low|{friend} got the biggest piece]."]),
    "storm": dict(
        slots=[dict(damage="the bridge had been washed away", need="a new bridge"), dict(damage="the roof of the school had blown off", need="a new roof"),
               dict(damage="a great tree lay across the road", need="to clear the road"), dict(damage="the boats had been thrown onto the land", need="to bring the boats home"),
               dict(damage="the sheep had run away into {wild}", need="to find the sheep"), dict(damage="all the fences were broken", need="to build the fences again")],
        moral=["many small hands can do great things", "no work is too heavy when all of us lift together",
               "after every storm the sun comes back", "neighbors are like a warm coat in a cold wind"],
        body=[
            "{morning}, the sky over {town} turned [black|yellow|as dark as slate]. \"A storm is coming,\" said {elder}. \"Everyone inside!\" The wind [howled around the houses|shook the doors|bent the trees]. The rain came down like a river. {hero} and {friend} sat under the table and held on to the {thing}.",
            "In the morning it was quiet. {hero} looked out of the door. Oh, what a sight! {Damage}. [Leaves and branches lay everywhere.|Broken things lay all around.] \"[What shall we do now?|It will take a year,|We cannot do it alone,]\" said the people, and they shook their heads.",
            "\"We need {need},\" said {hero}. \"Let us begin.\" \"[But you are only a little {kind},|You are much too small,|What can you do?]\" said the people. {hero} did not answer. {He} picked up [one stone|one branch|one board] and carried it away. Then {he} came back for another. {friend} [did the same|came to help|picked up the other end].",
            "{elder} saw them, and {ehe} rolled up {ehis} sleeves. Then the baker came, and the teacher, and the teacher's seven children. [Some carried, some pulled, and some cooked for the others.|The strong ones lifted, and the small ones ran with the tools.|Somebody began to sing, and the work went faster.] {By_evening} {everybody} had helped.",
            "After [two|three|four] days it was done, and it was better than before. They lit a great fire, and there was {food} and music. \"[Who began it|Who carried the first stone|Whose idea was it]?\" somebody asked. {elder} [pointed at {hero}|lifted {hero} onto {ehis} shoulders|only smiled], and {hero} [turned red|hid behind {friend}|did not know where to look]."]),
    "sick": dict(
        moral=["a visit is the best medicine", "a friend in bed needs a friend at the door", "laughter makes us well",
               "to think of somebody is a gift too"],
        body=[
            "{morning}, {hero} waited {spot}, but {friend} did not come. {hero} waited until [noon|the bell rang|the sun was high]. Then {he} {moved} to {friend}'s house. {friend} lay in bed with [a red nose|a thick cloth around {fhis} neck|hot cheeks]. \"I am ill,\" {fhe} said in a very small voice. \"I have to stay in bed for a week.\"",
            "\"A whole week!\" cried {hero}. \"[That is terrible|But who will play with me|And the fair is tomorrow]!\" {He} went home and kicked every stone on the way. [Everything was dull without {friend}.|It was no fun to play alone.] Even the {thing} was no fun at all.",
            "\"You are sorry for yourself,\" said {elder}, \"but who is sorry for {friend}?\" {hero} stopped. {He} had not thought of that. \"What does a sick friend need?\" {he} asked. \"[Something warm to eat, and something to laugh about|Good soup and a good story|Not much. Only somebody who comes],\" said {elder}.",
            "So {hero} took {food} and {his} {thing}, and {he} went to see {friend}. {He} told {fhim} about [the duck that had walked into the school|the cat that fell into the flour|the teacher who had put on two different shoes]. {friend} laughed until {fhe} coughed. The next day {hero} came again, and the next day too, and each time {he} brought [a new story|a flower|a joke].",
            "On the [fifth|sixth|fourth] day {friend} sat up. On the next day {fhe} got out of bed. \"It was not the medicine that made me well,\" {fsaid} {friend}. \"It was [you|your silly stories|the laughing].\" And when {hero} caught a cold [the week after|in the winter], guess who stood at the door with {food}!"]),
    "greedy": dict(
        slots=[dict(treat="berries", where="bush"), dict(treat="pears", where="tree"), dict(treat="nuts", where="tree"),
               dict(treat="plums", where="tree"), dict(treat="cherries", where="tree"), dict(treat="mushrooms", where="hollow")],
        moral=["enough is better than too much", "who wants everything may end with nothing",
               "a full heart is better than a full basket", "there is always enough when we share"],
        body=[
            "{morning}, {hero} found a {where} full of {treat} near {road}. [Nobody else knew about it.|They were the finest {treat} in the world.|There were more than {he} could count.] \"[I will not tell anyone|They are all for me|Nobody shall have any of them],\" {he} {thought}. {He} took the biggest basket in the house and crept away.",
            "On the way {he} met {friend}. \"Where are you going with that big basket?\" {fhe} asked. \"[Oh, nowhere|Only for a walk|I am going to fetch water],\" said {hero}, and {he} walked faster. {He} met {elder}, who asked the same, and {he} told {ehim} the same. [It did not feel good.|{His} ears turned red.]",
            "{hero} picked and picked. {He} filled the basket to the top, and then {his} hat, and then {his} pockets. {He} ate until {he} could eat no more. [Not one was left.|The {where} was empty.] But when {he} wanted to go home, the basket was so heavy that {he} could hardly lift it. {He} pulled it and pushed it, and on the hill it tipped over. All the {treat} rolled down, faster and faster, and splashed into {water}.",
            "{hero} sat down and cried. {His} stomach hurt, and {his} basket was empty. Then somebody sat down beside {him}. It was {friend}. {Fhe} [did not laugh|did not scold {him}|did not ask anything]. {Fhe} only [held out a handful of {treat} that {fhe} had saved from the water|gave {him} half of {fhis} {foodname}|put an arm around {him}]. \"I wanted to have them all,\" sobbed {hero}. \"And now there are none.\"",
            "\"[Next year there will be more|I know another place|They will grow again],\" {fsaid} {friend}. And so it was. [The next year|When they were ripe again|A few weeks later] {hero} called {friend} and {elder} and all the neighbors. Each of them carried a small basket, and nobody's basket tipped over. {By_evening} {elder} made a big pot of jam, and everyone in {town} had some."]),
    "treasure": dict(
        slots=[dict(chest="a rusty box"), dict(chest="a little chest"), dict(chest="a clay jar"), dict(chest="a leather bag"), dict(chest="a tin with a tight lid")],
        moral=["the way is often better than the treasure", "the best treasures are not made of gold",
               "every riddle has an answer for those who look", "what we find together belongs to both of us"],
        body=[
            "{morning}, {hero} opened an old book, and a piece of paper fell out. It was a map! [There was a red cross on it.|It was yellow and torn.|Somebody had drawn it long ago.] At the bottom it said, \"Begin {spot}. [Walk twenty steps toward the sun.|Look for the stone with a face.|Turn where three trees stand together.] Then dig.\" {hero} {moved} to {friend} with the map in {his} hand.",
            "\"A treasure!\" cried {friend}. \"[We will be rich|We will buy a ship|I will get a shovel]!\" They began {spot}, as the map said. They counted the steps aloud. [First they came to a ditch and had to jump.|First they walked in the wrong direction and had to begin again.|A goat tried to eat the map, and they had to run.] {friend} read, and {hero} looked. \"Here!\" said {hero} at last. \"It must be here, {spot2}.\"",
            "They dug and dug. The hole grew deeper, and the two friends grew dirtier. [\"Maybe there is nothing,\" said {friend}.|\"My arms are tired,\" said {friend}.|It began to rain, but they did not stop.] \"A little more,\" said {hero}. Then the shovel went clonk! They pulled out {chest} and wiped off the earth.",
            "Inside there was no gold at all. There was {a:thing_}, and there was a letter. \"Dear finder,\" it said. \"I was [seven|eight|nine] years old when I hid my best {thing} here. Play with it, and be as happy as I was.\" And under it stood a name. {hero} read it twice. It was the name of {elder}!",
            "They ran to {elder} with muddy feet. {elder} [laughed until the tears ran down|took the {thing} in both hands and was silent|could hardly speak]. \"I had forgotten all about it,\" {ehe} said. \"So many years ago!\" Then {ehe} told them how it had been, when {ehe} was small, and they ate {food} and listened [until it was dark|until the fire went out]. In the end they hid {a:thingsmall} and a letter of their own {spot}, for somebody who was not yet born."]),
    "errand": dict(
        slots=[dict(parcel="a letter"), dict(parcel="a small parcel"), dict(parcel="a bottle of medicine"), dict(parcel="a pot of honey"), dict(parcel="a basket with three eggs")],
        moral=["a promise is a promise", "we should finish what we have begun", "those who can be trusted with small things can be trusted with great ones",
               "the straight road is the shortest"],
        body=[
            "{morning}, {elder} called {hero}. \"Please take {parcel} to {friend}'s house on the other side of {wild},\" {ehe} said. \"[It is important|They are waiting for it|I am too old to walk so far]. Go straight there, and do not stop.\" \"I promise,\" said {hero}. {He} was {glad}, for {he} had never been sent so far alone.",
            "{hero} {moved} along {road}. {weather} First {he} met a {tempter}. \"Come and play with me,\" said the {tempter}. \"[Only for a moment|Just one game|It is such a fine day].\" {hero} [wanted to play very much|stopped and looked|almost said yes]. But {he} shook {his} head. \"I cannot,\" {he} said. \"I have made a promise.\"",
            "Then {he} came to {water}, and [the bridge was gone|the boat was on the other side|the ice was too thin]. {hero} [walked up and down until {he} found a fallen tree, and crossed it on hands and knees|took off {his} shoes and stepped from stone to stone|called until a fisherman heard {him} and took {him} across]. {He} held the parcel high above {his} head, and not one drop of water touched it.",
            "At last it began to grow dark. [The wind blew through {his} coat.|{His} feet hurt.|{He} was hungry and cold.] \"[I could leave it here under a stone|I could turn back now|Nobody would know if I went home],\" {he} {thought}. But then {he} thought of {elder}, who trusted {him}. And {he} went on, one step after another, until {he} stood at {friend}'s door.",
            "\"You came!\" cried {friend}. \"We had almost given up hope.\" They pulled {him} to the fire and gave {him} {food}. [Inside the parcel was something for {hero} too: {a:thing_}, with a note from {elder}. \"For a {kind} who keeps a promise,\" it said.|In the morning {friend} walked back with {him}, and the way was only half as long.|\"You may go on any errand now,\" said {elder} the next day, and {hero} stood very straight.]"]),
}
