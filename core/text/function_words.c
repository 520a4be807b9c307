#include "text/function_words.h"

#include "base/utf8.h"

#include <string.h>

struct language {
    const char *name;
    const char *words;
    const char
        *others; /* words of it that are none of these, but look like another's */
};

/* Includes words that languages share; they are left out on reading. So a word added to
 * one language disappears from all that have it. */
// clang-format off
static const struct language languages[FUNCTION_LANGUAGES] = {
    {"English",
     "the of and to in is that it for was on are as with his they at be this from have or by one had not but "
     "what all were we when your can there an each which she do how their if will up other about out many then "
     "them these so some her would like him into has more been who its now my than did may no our over only also "
     "after where most because between those while he me us you could should under am any such very same does",
     "die war hat man men son pour par sin hay per den come van far plus bin ten till dig met door heel dove go co "
     "era pod non sans mine mit ale ai op os com ken dem"},
    {"French",
     "le la les un une des du de et est que qui dans en il elle on ne pas pour par sur avec ce cette ces son sa ses "
     "au aux nous vous ils elles mais ou où plus tout comme être sont était ont je tu se leur même aussi sans si "
     "donc très fait deux quand après avant chez depuis toujours jamais ma mes nos lui moi ni entre cela peut",
     "hier dos"},
    {"German",
     "der die das und ist in den von zu mit sich auf für nicht ein eine einer eines einem einen als auch es an "
     "werden aus er hat dass sie nach wird bei im um am sind noch wie über so zum war haben nur oder aber vor zur "
     "bis mehr durch man sein wurde wenn kann ich wir ihr ihre mir dem des du uns was doch schon hier gegen unter "
     "sehr dieser diese habe weil zwischen",
     "tot rot"},
    {"Spanish",
     "el la los las un una unos de del que en es se no por con para su sus al lo como más pero fue este esta ha "
     "cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros "
     "ese eso ante ellos esto mí antes algunos qué entre era son está ser tiene porque él ella yo tu te si le ya",
     "han ama sur dos"},
    {"Portuguese",
     "os as um uma de do da dos das em no na nos nas que se não por com para seu sua seus ao aos mais mas foi este "
     "esta ou quando muito sem sobre também me até onde quem desde todo durante ele ela eles isso isto já há são "
     "está ser tem você pelo pela entre era como depois só mesmo eu te lhe meu minha ainda",
     "dia"},
    {"Italian",
     "il lo la gli le un uno una di del della dei delle che in non per con si da dal dalla al alla ai alle nel "
     "nella su sul sulla come più ma anche sono questo questa questi se quando molto senza dove chi dopo prima "
     "tutto tutti era essere ha hanno ho io lui lei noi loro mi ti ci suo sua perché fra tra così ancora sempre "
     "quello quella ne vi",
     "ben qui sera"},
    {"Dutch",
     "de het een van en in is dat op te zijn met voor niet aan er die als maar om hij ze zij bij ook uit door naar "
     "heeft over tot je ik wij hun dan nog wat wordt worden werd kan of deze dit was had geen meer moet al zo "
     "hebben haar mijn wel waar na toen veel omdat onder tussen hier heel nu",
     ""},
    {"Swedish",
     "och att det som en på är av för med den till inte om ett har de var jag han hon vi men från så kan när nu "
     "sig ut efter eller man mycket också under upp hans hennes där ska skulle vad över vid sin sina denna detta "
     "här ingen alla andra mellan bara sedan utan hade blev blir då mig dig oss ni dem",
     ""},
    {"Polish",
     "nie na to się do jest że jak ale po co tak za od by go tym już tego dla jego ich przez są był była było być "
     "czy lub oraz który która które tylko może bardzo przed pod też kiedy gdzie mnie mi jej ten ta te sobie "
     "jednak jeszcze więc tam tu bez nad wszystko ze ona ma ja ci",
     ""},
    {"Finnish",
     "ja on ei se että en oli hän mutta ovat niin kuin ole myös mitä tämä kun nyt jos vain hänen minä sinä me he "
     "ne joka jotka sen sitä mukaan sekä tai olla olen ollut kanssa vielä sitten miten kaikki siitä mikä koska "
     "enemmän ennen jälkeen siellä täällä tässä minun",
     ""},
    {"Turkish",
     "ve bir bu da de için ile çok ne var mi daha olarak gibi kadar sonra en ama her olan ben sen biz siz onun "
     "değil ki ya şey mı bunu şu oldu iki diye vardı yok nasıl zaman ise hiç göre önce tarafından veya kendi böyle "
     "olduğu ancak üzerinde bana ona",
     "el"},
    {"Indonesian",
     "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena ada mereka oleh atau kita "
     "bisa sudah telah lebih dapat adalah kami hanya saat secara seperti bahwa anda tersebut masih banyak para "
     "harus menjadi belum antara sebagai setelah orang dia lagi tetapi ketika",
     ""},
};
// clang-format on

const char *function_words_name(size_t i)
{
    return languages[i].name;
}

/* Whether `word` is in a list of words with spaces between them. */
static bool is_in(const char *list, const char *word, size_t len)
{
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += len) {
        const bool begins = p == list || p[-1] == ' ';
        if (begins && (p[len] == ' ' || p[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool is_shared(size_t i, const char *word, size_t len)
{
    for (size_t k = 0; k < FUNCTION_LANGUAGES; k++) {
        if (k != i && (is_in(languages[k].words, word, len) ||
                       is_in(languages[k].others, word, len))) {
            return true;
        }
    }
    return false;
}

bool function_words_next(size_t i, size_t *at, char word[FUNCTION_WORD_MAX])
{
    const char *p = languages[i].words + *at;
    while (*p) {
        const size_t len = strcspn(p, " ");
        uint32_t cp = 0;
        const bool one = utf8_next(p, len, &cp) == len;
        const bool fits = len < FUNCTION_WORD_MAX;
        memcpy(word, p, fits ? len : 0);
        word[fits ? len : 0] = '\0';
        p += len + (p[len] == ' ');
        *at = (size_t)(p - languages[i].words);
        if (!one && fits && !is_shared(i, word, len)) {
            return true;
        }
    }
    return false;
}
