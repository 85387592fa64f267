#!/usr/bin/env python3
"""Write simple children's stories: unlimited training text with no licence attached.

A story takes a hero, a friend, an elder, a place, a thing, a food and one of the
plots of story_grammar.py, and keeps them through five or six short paragraphs. The
text depends on the seed alone, and every story on (seed, number) alone.
"""
import argparse
import random
import re
import sys
from multiprocessing import Pool
from pathlib import Path

from story_grammar import (BEAST_NAMES, BEASTS, BOYS, ELDER_NAMES, ELDERS, ENDINGS, FOODS, GIRLS, LIKES, LOOKS,
                           OPENINGS, PLACES, PLOTS, PRONOUNS, SMALL_ANIMALS, SURNAMES, THINGS, TRAITS, WORDS)

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(a:)?(\w+)\}")


def article(phrase):
    return ("an " if phrase[0].lower() in "aeiou" else "a ") + phrase


def capital(text):
    return text[:1].upper() + text[1:]


class Story:
    """The slots of one story and the expansion of templates."""

    def __init__(self, rng):
        self.rng = rng
        self.slots = {}
        taken = set()
        self.add_character("", taken)
        self.add_character("f", taken)
        self.add_character("n", taken)
        self.slots |= {"hero": self.slots["name"], "friend": self.slots["fname"], "newcomer": self.slots["nname"]}
        self.add_elder()
        self.add_world()

    def add_character(self, prefix, taken):
        """A child or a young animal: name, kind, pronouns and looks."""
        pronoun = self.rng.choice(["he", "she"])
        if self.rng.random() < 0.65:
            group, kind = "person", "boy" if pronoun == "he" else "girl"
            names = BOYS if pronoun == "he" else GIRLS
        else:
            group, kind, names = "beast", self.rng.choice(BEASTS), BEAST_NAMES[pronoun]
        name = self.rng.choice([name for name in names if name not in taken])
        taken.add(name)
        he, him, his = PRONOUNS[pronoun]
        looks = self.expand(self.rng.choice(LOOKS[group]).replace("{kind}", kind))
        self.slots |= {prefix + key: value for key, value in
                       dict(name=name, kind=kind, he=he, him=him, his=his, looks=looks).items()}

    def add_elder(self):
        name, who, pronoun = self.rng.choice(ELDERS)
        name = name.format(e=self.rng.choice(ELDER_NAMES[pronoun]), s=self.rng.choice(SURNAMES))
        self.slots |= dict(zip(("ehe", "ehim", "ehis"), PRONOUNS[pronoun]))
        self.slots |= {"elder": name, "elder_intro": f"{name}, {self.expand(who)},"}

    def add_world(self):
        """The place and the things that the story may speak of."""
        pick = self.rng.choice
        place = dict(pick(PLACES))
        spots = self.rng.sample(place.pop("spots"), 2)
        thing, looks, does = pick(THINGS)
        food, foodname = pick(FOODS)
        animal, trouble, frees, helps = pick(SMALL_ANIMALS)
        self.slots |= place | dict(
            setting_=capital(place["setting"]), spot=spots[0], spot2=spots[1], thing=thing,
            thing_=f"{pick(looks)} {thing}", does=does, food=food, foodname=foodname, animal=animal,
            trouble=trouble, frees=frees, helps=helps, trait=pick(TRAITS), likes=pick(LIKES),
            thingsmall=pick(["button", "bean", "penny", "fingernail", "pea", "pebble"]),
            lamp=pick(["lamp", "small candle", "lantern", "old lamp"]), tempter=pick(BEASTS),
            everybody=pick(["everyone in {town}", "all the neighbors", "old and young"]),
            sadly=pick(["sitting by the road with a wet face", "crying bitterly", "walking with a bent head"]),
            fsaid=pick(["said", "said", "whispered"]))

    def expand(self, template):
        """Fills slots and takes alternatives until nothing is left to replace."""
        while True:
            text = CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), template)
            text = SLOT.sub(self.fill, text)
            if text == template:
                return text
            template = text

    def fill(self, match):
        key = match[2]
        lower = key[:1].lower() + key[1:]
        text = self.slots.get(lower) or self.rng.choice(WORDS[lower])
        if match[1]:
            text = article(text)
        return capital(text) if key[0].isupper() else text

    def tell(self):
        """The whole story: paragraphs separated by blank lines."""
        plot = PLOTS[self.rng.choice(sorted(PLOTS))]
        self.slots |= self.rng.choice(plot.get("slots", [{}]))
        self.slots["moral"] = self.rng.choice(plot["moral"])
        templates = [self.rng.choice(OPENINGS), *plot["body"], self.rng.choice(ENDINGS)]
        return "\n\n".join(polish(self.expand(template)) for template in templates)


def polish(paragraph):
    """Capital letters at the beginnings of sentences."""
    paragraph = re.sub(r"  +", " ", paragraph)
    return re.sub(r'(^"?|[.!?] "?|[.]" "?)([a-z])', lambda match: match[1] + match[2].upper(), paragraph)


def story(seed, number):
    """Story `number` of the series `seed`."""
    return Story(random.Random(f"{seed}/{number}")).tell()


def _story(arguments):
    return story(*arguments)


def stories(seed, count, processes=None):
    """The first `count` stories of a series, told in parallel."""
    with Pool(processes) as pool:
        return pool.map(_story, ((seed, number) for number in range(count)), chunksize=500)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--count", type=int, default=3, help="how many stories (default: 3)")
    parser.add_argument("--seed", default="0", help="series of stories (default: 0)")
    parser.add_argument("-o", "--output", type=Path, help="file to write (default: standard output)")
    arguments = parser.parse_args()
    text = "\n\n\n".join(stories(arguments.seed, arguments.count)) + "\n"
    if arguments.output:
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
