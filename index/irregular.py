"""English words whose forms no rule connects: led → lead, children → child.

A question asks "when did they win?" and the passage says that they won, so both must be one
term. Forms that are as often another word (lives, leaves and bases, which verbs and "base"
have too; lay, bore, ground, wound) stay as they are. Found, left, rose and saw are far more
often the verb.
"""

_FORMS = """
arise arose arisen
awake awoke awoken
bear borne
beat beaten
become became
begin began begun
bend bent
bind bound
bite bit bitten
bleed bled
blow blew blown
break broke broken
breed bred
bring brought
build built
burn burnt
buy bought
catch caught
choose chose chosen
cling clung
come came
creep crept
deal dealt
dig dug
draw drew drawn
dream dreamt
drink drank drunk
drive drove driven
eat ate eaten
fall fell fallen
feed fed
feel felt
fight fought
find found
flee fled
fly flew flown
forbid forbade forbidden
forget forgot forgotten
forgive forgave forgiven
freeze froze frozen
get got gotten
give gave given
go went gone
grow grew grown
hang hung
hear heard
hide hid hidden
hold held
keep kept
kneel knelt
know knew known
lay laid
lead led
leap leapt
learn learnt
leave left
lend lent
lose lost
make made
mean meant
meet met
mislead misled
overcome overcame
overthrow overthrew overthrown
pay paid
ride rode ridden
ring rang rung
rise rose risen
run ran
say said
see saw seen
seek sought
sell sold
send sent
shake shook shaken
shine shone
shoot shot
show shown
shrink shrank shrunk
sing sang sung
sink sank sunk
sit sat
sleep slept
slide slid
speak spoke spoken
spend spent
spin spun
spring sprang sprung
stand stood
steal stole stolen
stick stuck
strike struck stricken
strive strove striven
swear swore sworn
sweep swept
swim swam swum
swing swung
take took taken
teach taught
tear tore torn
tell told
think thought
throw threw thrown
undergo underwent undergone
understand understood
undertake undertook undertaken
wake woke woken
wear wore worn
weave wove woven
weep wept
win won
withdraw withdrew withdrawn
withhold withheld
withstand withstood
write wrote written
child children
foot feet
goose geese
man men
woman women
mouse mice
ox oxen
person people
tooth teeth
half halves
knife knives
loaf loaves
shelf shelves
thief thieves
wife wives
wolf wolves
analysis analyses
crisis crises
criterion criteria
hypothesis hypotheses
index indices
medium media
phenomenon phenomena
thesis theses
"""

BASE_FORMS: dict[str, str] = {
    form: base for base, *forms in map(str.split, _FORMS.split("\n")[1:-1]) for form in forms
}
"""An irregular form → the form that a dictionary lists it under."""
